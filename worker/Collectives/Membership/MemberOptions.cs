namespace MiniMind.Collectives.Membership;

/// <summary>What a member must know about its stage.</summary>
public sealed record MemberOptions
{
    /// <summary>Index of the stage in its run.</summary>
    public required int StageIndex { get; init; }

    /// <summary>Name of the stage, for metrics.</summary>
    public required string Stage { get; init; }

    /// <summary>Run id, for metrics.</summary>
    public required string RunId { get; init; }

    /// <summary>Lanes of the stage.</summary>
    public required int Lanes { get; init; }

    /// <summary>The stage ends after this step.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Positions (first, end) in the stage's sample order that a step (from 1) consumes.</summary>
    public required Func<long, (long First, long End)> Samples { get; init; }

    /// <summary>Steps between validations; 0: only after the last step; negative: never.</summary>
    public long ValidationInterval { get; init; } = -1;

    /// <summary>Steps between checkpoints; 0: only after the last step; negative: never.</summary>
    public long CheckpointInterval { get; init; }

    /// <summary>Steps between spot checks, each of which computes one lane a second time; 0: never.</summary>
    public long SpotCheckInterval { get; init; }

    /// <summary>Seed of the run: decides which lane is checked first.</summary>
    public ulong Seed { get; init; }

    /// <summary>Sizes and deadlines of the collectives.</summary>
    public GroupOptions Group { get; init; } = GroupOptions.Default;

    /// <summary>Whether the weights after a step are to be validated.</summary>
    public bool ValidationDue(long step) =>
        step > 0 && ValidationInterval >= 0 && (step == TotalSteps || (ValidationInterval > 0 && step % ValidationInterval == 0));

    /// <summary>The newest step, up to the given one, whose checkpoint is due; 0 for none.</summary>
    public long NewestCheckpointDue(long step)
    {
        if (CheckpointInterval < 0) return 0;
        if (step == TotalSteps) return step;
        return CheckpointInterval == 0 ? 0 : step - step % CheckpointInterval;
    }
}

/// <summary>Requests that travel in the tail, so that all ranks act on them after the same step.</summary>
[Flags]
public enum TailFlags
{
    None = 0,

    /// <summary>Checkpoint, then halt.</summary>
    Stop = 1,

    /// <summary>Write a checkpoint.</summary>
    CheckpointNow = 2,

    /// <summary>A generation with a new member waits for the boundary.</summary>
    Join = 4,

    /// <summary>A generation without one of the present members waits for the boundary.</summary>
    Leave = 8,

    /// <summary>A newer generation waits for the boundary; its number is in the tail.</summary>
    NewGeneration = 16,
}

/// <summary>Why a member came to its end.</summary>
public enum MemberEnd
{
    /// <summary>It asked to leave and is no longer part of the newest generation.</summary>
    Left,

    /// <summary>It was told to end.</summary>
    Dismissed,
}

/// <summary>Where a member sends its reports. Never blocks; keeps what must not be lost until it is acknowledged.</summary>
public interface IReportSink
{
    /// <summary>Queues a report for the coordinator.</summary>
    void Report(Protos.WorkerReport report);

    /// <summary>Ledger entries that no coordinator has acknowledged as durable, oldest first.</summary>
    IReadOnlyList<Protos.LedgerEntry> Unacknowledged { get; }
}
