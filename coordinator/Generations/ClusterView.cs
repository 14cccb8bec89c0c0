namespace MiniMind.Coordinator.Generations;

/// <summary>One worker process as the coordinator knows it.</summary>
/// <param name="Worker">Name, stable over restarts.</param>
/// <param name="Incarnation">Of this process.</param>
/// <param name="Endpoint">Where peers reach it.</param>
/// <param name="Age">Order of arrival: smaller is older.</param>
/// <param name="Prepared">It has the stage's artifacts and its probe lane was accepted.</param>
/// <param name="Connected">Its stream is open (or it has not had the time to reconnect to a restarted coordinator).</param>
/// <param name="SilentFor">Time since it was last heard, less what is granted to it beyond the limit.</param>
/// <param name="Leaving">It asked to go.</param>
public sealed record WorkerView(
    string Worker, string Incarnation, string Endpoint, long Age, bool Prepared, bool Connected, TimeSpan SilentFor, bool Leaving)
{
    /// <summary>Peers waited for it in vain, and it has done nothing since: it sends heartbeats, but its computation hangs.</summary>
    public bool Stalled { get; init; }

    /// <summary>Last step of the stage that it is known to have applied; -1: it has no state.</summary>
    public long Step { get; init; } = -1;

    /// <summary>It says that it has no state; <see cref="Step"/> is -1 also while it has said nothing.</summary>
    public bool IsEmpty { get; init; }

    /// <summary>It is in the newest generation, together with all others: when the next step is committed it has the state.</summary>
    public bool Entered { get; init; }

    /// <summary>Step of the newest checkpoint that could not be written there, -1 for none: whoever failed last should be the lowest rank last.</summary>
    public long FailedCheckpoint { get; init; } = -1;

    /// <summary>Seconds that it recently needed for one lane; null while unknown.</summary>
    public double? LaneSeconds { get; init; }
}

/// <summary>All that the generation rule looks at.</summary>
/// <param name="Workers">Every known worker that has not been expelled.</param>
/// <param name="Generation">Number of the newest generation, 0 before the first.</param>
/// <param name="Members">(worker, incarnation) of the newest generation.</param>
/// <param name="Troubled">A member of the newest generation reported that it cannot go on.</param>
/// <param name="Unreachable">Pairs of workers that recently could not reach each other.</param>
/// <param name="Waiting">Time since the stage began to wait for its first generation.</param>
public sealed record ClusterView(
    IReadOnlyList<WorkerView> Workers, long Generation, IReadOnlyList<(string Worker, string Incarnation)> Members, bool Troubled,
    IReadOnlyCollection<(string One, string Other)> Unreachable, TimeSpan Waiting)
{
    /// <summary>Step that a generation in which nobody has state would start from.</summary>
    public long RestoreStep { get; init; }

    /// <summary>A newer checkpoint than that of <see cref="RestoreStep"/> is being completed; the older one may be deleted then.</summary>
    public bool NewerRestore { get; init; }

    /// <summary>
    /// The newest generation says of a checkpoint that it is written, but nobody has it: writer and coordinator were lost before its folder was complete.
    /// </summary>
    public bool CheckpointIsLost { get; init; }

    /// <summary>Lanes of the stage; 0: how they are shared is not the rule's to decide.</summary>
    public int Lanes { get; init; }

    /// <summary>Lanes of each member; none: the even shares.</summary>
    public IReadOnlyList<int> Shares { get; init; } = [];

    /// <summary>Steps of the newest generation that were measured on each of its members that has lanes.</summary>
    public int MeasuredSteps { get; init; }

    /// <summary>Time since the newest generation was formed.</summary>
    public TimeSpan SinceFormed { get; init; }
}

/// <summary>Limits of the generation rule.</summary>
/// <param name="ExpectedWorkers">The first generation starts at once when so many are prepared.</param>
/// <param name="StartPatience">After so long it starts with those who came, if any.</param>
/// <param name="Silence">Without a word for so long, a worker counts as gone.</param>
public sealed record GenerationOptions(int ExpectedWorkers, TimeSpan StartPatience, TimeSpan Silence)
{
    /// <summary>When lanes are moved from slow to fast workers.</summary>
    public RebalancingOptions Rebalancing { get; init; } = new(Steps: 16, TimeSpan.FromSeconds(10), Gain: 1.15);
}

/// <summary>When lanes are moved from slow to fast workers: rarely enough that chance does not move them to and fro.</summary>
/// <param name="Steps">It is looked at after so many measured steps of the newest generation, and so many more.</param>
/// <param name="Interval">It must be at least so old.</param>
/// <param name="Gain">The slowest member must become so many times faster.</param>
public sealed record RebalancingOptions(int Steps, TimeSpan Interval, double Gain);

/// <summary>What the rule decided, and why.</summary>
/// <param name="Form">Form a new generation; otherwise keep the present one.</param>
/// <param name="Members">Its workers in rank order.</param>
/// <param name="AtBoundary">They enter it after the step whose tail carries its number, rather than at once.</param>
/// <param name="Reason">For logs and the failure record.</param>
public sealed record Decision(bool Form, IReadOnlyList<WorkerView> Members, bool AtBoundary, string Reason)
{
    /// <summary>All members want to leave and nobody is there to take over: they checkpoint and halt.</summary>
    public bool Halt { get; private init; }

    /// <summary>Lanes of each member; none: how they are shared was not the rule's to decide.</summary>
    public IReadOnlyList<int> Shares { get; init; } = [];

    public static Decision HaltAll(string reason) => new(false, [], false, reason) { Halt = true };

    public static Decision Keep(string reason) => new(false, [], false, reason);
}
