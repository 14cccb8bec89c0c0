using Google.Protobuf;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Grains;

/// <summary>What a stage's lead does, done with grain state, checkpoint folders and worker streams.</summary>
internal sealed class GrainEffects(
    StageSpec spec, IPersistentState<RunRecord> stored, CheckpointFolders folders, RunFolder folder, MembershipRecord record, Action<string, CoordinatorOrder> send,
    Action<CoordinatorOrder> broadcast, Action<CheckpointWritten> assemble, Action<RunEvent> tell) : IStageEffects
{
    private readonly Dictionary<long, double> _validations = [];

    public async Task StoreAsync(Generation generation, string? probe)
    {
        stored.State.Probe = probe;
        stored.State.Generation = generation.ToByteArray();
        await stored.WriteVersionAsync();
    }

    public void Send(string worker, CoordinatorOrder order) => send(worker, order);

    public void Broadcast(CoordinatorOrder order) => broadcast(order);

    public void Assemble(CheckpointWritten written) => assemble(written);

    public async Task RecordCheckpointAsync(CheckpointWritten written)
    {
        var records = stored.State.Checkpoints;
        // A loss that is no number is none to compare with.
        var loss = _validations.TryGetValue(written.Step, out var measured) && double.IsFinite(measured) ? measured : (double?)null;
        var best = loss is { } value && !records.Any(other => other.StageIndex == spec.StageIndex && other.ValidationLoss <= value);
        var record = new CheckpointRecord
        {
            StageIndex = written.StageIndex, Step = written.Step, Folder = folders.RelativePathOf(spec.Stage, written.Step),
            LedgerHash = written.LedgerHash, Written = written.ToByteArray(), ValidationLoss = loss, Best = best,
        };
        records.Add(record);
        var superseded = Superseded(records);
        records.RemoveAll(superseded.Contains);
        await stored.WriteVersionAsync();

        // Only now, when nothing refers to them any more, are older ones deleted.
        folders.LinkNewest(records);
        foreach (var old in superseded) folders.Delete(old, records);
        tell(new RunEvent { Checkpoint = new CheckpointDone { Step = written.Step, Folder = Path.Combine(folder.Root, record.Folder), Best = best } });
    }

    public void Committed(LedgerEntry entry, StepFacts? facts, bool repeated)
    {
        var committed = new StepCommitted
        {
            Step = entry.Step, Loss = entry.Sums.Targets == 0 ? 0 : entry.Sums.LossNumerator / entry.Sums.Targets, Tokens = entry.Sums.Tokens,
            Targets = entry.Sums.Targets, StepSeconds = facts?.StepSeconds ?? 0, Skipped = entry.Skipped, Repeated = repeated,
        };
        if (facts is not null) (committed.LearningRate, committed.GradientNorm) = (facts.LearningRate, facts.GradientNorm);
        tell(new RunEvent { Committed = committed });
    }

    public void Validated(Validated validated)
    {
        var loss = validated.Sums.Targets == 0 ? 0 : validated.Sums.LossNumerator / validated.Sums.Targets;
        if (!_validations.TryAdd(validated.Step, loss)) return;
        tell(new RunEvent { Validated = new ValidationDone { Step = validated.Step, Loss = loss, Targets = validated.Sums.Targets } });
    }

    public void Formed(Generation generation)
    {
        record.Append(Event(generation));
        tell(Happened(generation, generation.Reason));
    }

    /// <summary>A generation of an earlier coordinator goes on.</summary>
    public void Adopted(Generation generation) => tell(Happened(generation, "goes on: its workers outlived their coordinator"));

    /// <summary>A generation as the record of memberships tells it.</summary>
    public static MembershipEvent Event(Generation generation) => new(
        MembershipEvent.Formed, generation.Number, [.. generation.Members.Select(member => $"{member.Worker}/{member.Incarnation}")], generation.Reason);

    public void Noticed(string worker, string state, string detail)
    {
        if (state is not ("preparing" or StageLead.Alive)) record.Append(new MembershipEvent(state, 0, [worker], detail));
        tell(new RunEvent { Noticed = new WorkerNoticed { Worker = worker, State = state, Detail = detail } });
    }

    public async Task StageCompletedAsync()
    {
        if (!stored.State.CompletedStages.Contains(spec.StageIndex)) stored.State.CompletedStages.Add(spec.StageIndex);
        await stored.WriteVersionAsync();
        tell(new RunEvent { Completed = new StageDone { StageIndex = spec.StageIndex } });
    }

    public Task HaltedAsync(long step, bool abandoned)
    {
        tell(new RunEvent { Halted = new RunHalted { Step = step, Abandoned = abandoned } });
        return Task.CompletedTask;
    }

    public Task FailedAsync(string message, bool userError)
    {
        tell(new RunEvent { Failed = new RunFailed { Message = message, UserError = userError } });
        return Task.CompletedTask;
    }

    /// <summary>A generation as a run's watchers are told of it.</summary>
    public static RunEvent Happened(Generation generation, string reason)
    {
        var formed = new GenerationFormed { Number = generation.Number, AtBoundary = generation.AtBoundary, Reason = reason };
        formed.Workers.AddRange(generation.Members.Select(member => member.Worker));
        return new RunEvent { Formed = formed };
    }

    /// <summary>Of every stage its newest and its best checkpoint are kept.</summary>
    private static List<CheckpointRecord> Superseded(IReadOnlyList<CheckpointRecord> records) => [.. records.GroupBy(record => record.StageIndex)
        .SelectMany(stage => stage.Except([stage.Last()]).Where(record => record != stage.LastOrDefault(other => other.Best)))];
}
