namespace MiniMind.Chaos.Faults;

/// <summary>What happens to a run.</summary>
public enum FaultKind
{
    /// <summary>SIGKILL; the worker comes back under its name, as another process.</summary>
    KillWorker,

    /// <summary>SIGSTOP, later SIGCONT.</summary>
    StopWorker,

    /// <summary>SIGTERM; a worker of another name comes in its place.</summary>
    EndWorker,

    /// <summary>One more worker comes, under a new name.</summary>
    AddWorker,

    /// <summary>SIGKILL of the coordinator that leads; another one goes on with the run's folder.</summary>
    KillCoordinator,

    /// <summary>SIGSTOP of the coordinator that leads, later SIGCONT.</summary>
    StopCoordinator,

    /// <summary>SIGKILL of the Redis through which coordinators share the run; it comes back with what it had on the disk.</summary>
    RestartRedis,

    /// <summary>SIGKILL of two workers at once.</summary>
    KillTwoWorkers,

    /// <summary>SIGKILL of the worker that writes a checkpoint, while its files are handed over.</summary>
    KillWriter,

    /// <summary>A worker comes back, and while it copies the state of another one, that one gets SIGKILL.</summary>
    KillSource,

    /// <summary>SIGKILL of all workers at once; all come back.</summary>
    KillAllWorkers,

    /// <summary>Bytes between two parties arrive later.</summary>
    DelayLink,

    /// <summary>Between two parties there is little bandwidth.</summary>
    SlowLink,

    /// <summary>The connections between two parties are reset.</summary>
    ResetLink,

    /// <summary>What one party sends to another does not arrive, until it is healed.</summary>
    SilenceLink,

    /// <summary>Nothing arrives between two parties, until it is healed.</summary>
    CutLink,

    /// <summary>Nothing arrives between one worker and all other parties, until it is healed.</summary>
    IsolateWorker,
}

/// <summary>One fault of a schedule. Whom it hits is drawn among those who are there by then.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Step">It strikes when the ledger has reached this step of the disturbed stage.</param>
/// <param name="Kind">What happens.</param>
/// <param name="Draw">Decides who is hit.</param>
/// <param name="OtherDraw">Decides the other party of a link.</param>
/// <param name="Steps">It is mended when the ledger has grown by so many steps,</param>
/// <param name="AtMost">or after this time, should no steps come.</param>
/// <param name="Delay">How late bytes arrive on a delayed link.</param>
public sealed record Fault(int Number, long Step, FaultKind Kind, int Draw, int OtherDraw, int Steps, TimeSpan AtMost, TimeSpan Delay)
{
    /// <summary>Picks one of several.</summary>
    public static T Pick<T>(IReadOnlyList<T> choices, int draw) => choices[draw % choices.Count];
}
