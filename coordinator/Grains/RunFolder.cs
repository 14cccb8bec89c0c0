using MiniMind.Coordinator.Workers;

namespace MiniMind.Coordinator.Grains;

/// <summary>The places inside a run's folder.</summary>
/// <param name="Root">The run's folder, a full path.</param>
public sealed record RunFolder(string Root)
{
    /// <summary>Name of this coordinator's place, where several share the folder; null for the only one.</summary>
    public string? Seat { get; init; }

    /// <summary>Grain state.</summary>
    public string State => Path.Combine(Root, "state");

    /// <summary>Content-addressed files.</summary>
    public string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>Encoded data, where no cache is shared.</summary>
    public string Datasets => Path.Combine(Root, "datasets");

    /// <summary>What workers of this machine fetched.</summary>
    public string WorkerCache => Path.Combine(Root, "cache");

    /// <summary>Checkpoint folders.</summary>
    public string Checkpoints => Path.Combine(Root, "checkpoints");

    /// <summary>The tokenizer that the run trained.</summary>
    public string Tokenizer => Path.Combine(Root, "tokenizer");

    /// <summary>Logs of the workers.</summary>
    public string Logs => Path.Combine(Root, "logs");

    /// <summary>Log of one worker.</summary>
    public string LogOf(string worker) => WorkerLauncher.LogOf(Logs, worker);

    /// <summary>The ledger of committed steps.</summary>
    public string Ledger => Path.Combine(Root, "ledger.jsonl");

    /// <summary>Generations, failures and recoveries.</summary>
    public string Membership => Path.Combine(Root, "membership.jsonl");

    /// <summary>Metrics, one JSON object per line.</summary>
    public string Metrics => Path.Combine(Root, "metrics.jsonl");

    /// <summary>Link to the newest checkpoint.</summary>
    public string Latest => Path.Combine(Root, "latest");

    /// <summary>Link to the checkpoint of the newest stage with the lowest validation loss.</summary>
    public string Best => Path.Combine(Root, "best");

    /// <summary>Address that the newest coordinator of this seat listens on.</summary>
    public string Address => Path.Combine(Root, Seat is null ? ".coordinator" : $".coordinator-{Seat}");

    /// <summary>Worker processes that the newest coordinator of this seat has started.</summary>
    public string Workers => Path.Combine(Root, Seat is null ? ".workers.json" : $".workers-{Seat}.json");

    /// <summary>Names of the worker processes of all seats that are still there.</summary>
    public IReadOnlyList<string> WorkersAlive => WorkerRoster.NamesAlive(FilesLike(".workers*.json"), LogOf);

    /// <summary>Held by the coordinator of a seat while it works in this folder.</summary>
    public string SeatLockOf(string seat) => Path.Combine(Root, $".seat-{seat}.lock");

    /// <summary>The same of all seats that there have been.</summary>
    public IEnumerable<string> SeatLocks => FilesLike(Path.GetFileName(SeatLockOf("*")));

    /// <summary>Held while a coordinator works in this folder.</summary>
    public string Lock => Path.Combine(Root, ".lock");

    private IEnumerable<string> FilesLike(string pattern) => Directory.Exists(Root) ? Directory.EnumerateFiles(Root, pattern) : [];
}
