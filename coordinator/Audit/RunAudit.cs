using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;
using MiniMind.Text;

namespace MiniMind.Coordinator.Audit;

/// <summary>
/// Proves from what lies in a run's folder that it trained what it says: the order of samples is derived anew from (seed, data), every step is in the ledger
/// once, every sample in its epoch once, the chain is whole, and the weights of every checkpoint are those of its step. Changes nothing.
/// </summary>
public sealed class RunAudit(RunFolder folder)
{
    private const string StateName = "run";

    /// <exception cref="InputException">There is no run.</exception>
    public async Task<IReadOnlyList<AuditPart>> RunAsync(CancellationToken cancellation)
    {
        var state = new AuditPart("state");
        if (await ReadStateAsync(state) is not { } record) return [state];
        var stages = record.Stages.Select(bytes => StageSpec.Parser.ParseFrom(bytes)).OrderBy(stage => stage.StageIndex).ToList();
        StateAudit.Check(record, stages, state);

        var artifacts = new AuditPart("artifacts");
        var store = new ArtifactStore(folder.Artifacts);
        await new ArtifactAudit(folder, store).CheckAsync(record, stages, artifacts, cancellation);

        var chain = new AuditPart("ledger");
        var ledger = LedgerReading.Read(folder.Ledger, chain);
        List<AuditPart> parts = [state, artifacts, chain];
        foreach (var stage in stages)
        {
            var order = new AuditPart(stage.Stage);
            new OrderAudit(stage, store, folder.Ledger).Check(ledger, record.CompletedStages.Contains(stage.StageIndex), order, cancellation);
            parts.Add(order);
        }
        foreach (var name in StateAudit.NotBegun(record, stages))
        {
            var part = new AuditPart(name);
            part.ProveSoFar("not begun", $"{name} not begun");
            parts.Add(part);
        }
        foreach (var entry in ledger.Entries.Where(entry => stages.All(stage => stage.StageIndex != entry.Key.Stage)))
            chain.Fault(ledger.PlaceOf(entry.Key), $"an entry of stage {entry.Key.Stage}, which the run's state does not know");

        var checkpoints = new AuditPart("checkpoints");
        await new CheckpointAudit(folder, ledger).CheckAsync(record, stages, checkpoints, cancellation);
        var membership = new AuditPart("membership");
        MembershipAudit.Check(folder.Membership, record, membership);
        return [.. parts, checkpoints, membership];
    }

    private async Task<RunRecord?> ReadStateAsync(AuditPart part)
    {
        var states = Path.Combine(folder.State, StateName);
        var files = Directory.Exists(states) ? Directory.GetFiles(states, "*.json") : [];
        if (files.Length == 0) throw new InputException($"{folder.Root}: expected the folder of a run, found no state of one in it");
        if (files.Length > 1) throw new InputException($"{states}: expected the state of one run, found {files.Length}");
        try
        {
            return await FileGrainStorage.ReadFileAsync<RunRecord>(files[0]);
        }
        catch (InvalidDataException fault)
        {
            part.Fault(Path.GetRelativePath(folder.Root, files[0]), fault.Message[(fault.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
            return null;
        }
    }
}
