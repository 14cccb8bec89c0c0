using Google.Protobuf;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Grains;

/// <summary>A run as it lies on the disk: begins it, or brings what a crash left to where it can be gone on with. Knows nobody who is at work.</summary>
internal sealed class StoredRun(
    IPersistentState<RunRecord> stored, LedgerBook ledger, CheckpointFolders folders, RunFolder folder, TimeProvider time, IDisk? disk = null)
{
    private RunRecord State => stored.State;

    /// <summary>See <see cref="IRunGrain.OpenAsync"/>.</summary>
    /// <param name="alone">Nobody writes in the folder, so that what a crash left there can be removed.</param>
    public async Task<string?> OpenAsync(string identity, string settings, Dictionary<string, string> inputs, List<byte[]> planned, bool alone = true)
    {
        (disk ?? SystemDisk.Instance).FlushTree(folder.Root);
        if (State.Identity.Length == 0)
        {
            (State.Identity, State.Settings, State.Inputs, State.Planned) = (identity, settings, inputs, planned);
            await stored.WriteVersionAsync();
            return null;
        }
        if (State.Identity != identity) return "its data or its tokenizer changed: undo that, or start anew with --out DIR";
        if (State.Checkpoints.LastOrDefault() is { } newest && !IsInLedger(newest))
            return $"{folder.Ledger} lacks the entry of {newest.Folder}: put back the whole file, or start anew with --out DIR";
        if (!alone) return null;
        // Whoever led before, and stands still, must not come to record a checkpoint whose folder is removed here.
        await stored.WriteVersionAsync();
        folders.Repair(State.Checkpoints);
        return null;
    }

    /// <summary>A stage begins, or goes on: what an audit needs of it is stored.</summary>
    public async Task RememberAsync(StageSpec spec)
    {
        var bytes = spec.ToByteArray();
        var at = State.Stages.FindIndex(known => StageSpec.Parser.ParseFrom(known).StageIndex == spec.StageIndex);
        if (at >= 0 && State.Stages[at].AsSpan().SequenceEqual(bytes)) return;
        if (at >= 0) State.Stages[at] = bytes;
        else State.Stages.Add(bytes);
        await stored.WriteVersionAsync();
    }

    /// <summary>The newest generation of any stage; null before the first.</summary>
    public Generation? Newest => State.Generation is { } bytes ? Generation.Parser.ParseFrom(bytes) : null;

    /// <summary>Opens the record of memberships, and adds what is missing: a coordinator may have died after it stored a generation and before it told of it.</summary>
    public MembershipRecord OpenMembership()
    {
        var membership = new MembershipRecord(folder.Membership, time, disk);
        if (Newest is { } newest && newest.Number > membership.NewestGeneration) membership.Append(GrainEffects.Event(newest));
        return membership;
    }

    /// <summary>Where a stage goes on: at its newest checkpoint; else at the end of the stage before it; else at the seed.</summary>
    public StageProgress Progress(int stageIndex)
    {
        if (State.Checkpoints.LastOrDefault() is not { } newest)
            return new StageProgress(-1, 0, LedgerChain.Origin.ToByteArray(), []);
        var files = CheckpointWritten.Parser.ParseFrom(newest.Written).Files;
        var head = Convert.FromHexString(newest.LedgerHash);
        return newest.StageIndex == stageIndex
            ? new StageProgress(newest.Step, newest.Step, head, [.. files])
            : new StageProgress(-1, 0, head, [.. files]);
    }

    private bool IsInLedger(CheckpointRecord checkpoint) =>
        ledger.HashOf(checkpoint.StageIndex, checkpoint.Step) is { } hash && Convert.ToHexStringLower(hash.Span) == checkpoint.LedgerHash;
}
