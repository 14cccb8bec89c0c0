using MiniMind.Coordinator.Services;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>
/// What the verbs of the command line do. Each returns the exit code; the token is cancelled by the first Ctrl-C or SIGTERM.
/// </summary>
public sealed record CommandHandlers
{
    /// <summary>minimind run.</summary>
    public required Func<RunOptions, CancellationToken, Task<int>> Run { get; init; }

    /// <summary>minimind audit.</summary>
    public required Func<AuditOptions, CancellationToken, Task<int>> Audit { get; init; }

    /// <summary>minimind data sample.</summary>
    public required Func<SampleOptions, CancellationToken, Task<int>> WriteSample { get; init; }

    /// <summary>minimind data download.</summary>
    public required Func<DownloadOptions, CancellationToken, Task<int>> DownloadData { get; init; }

    /// <summary>minimind data check.</summary>
    public required Func<CheckOptions, CancellationToken, Task<int>> CheckData { get; init; }

    /// <summary>minimind data split.</summary>
    public required Func<SplitOptions, CancellationToken, Task<int>> SplitData { get; init; }

    /// <summary>minimind data encode.</summary>
    public required Func<RunOptions, CancellationToken, Task<int>> EncodeData { get; init; }

    /// <summary>minimind data cache list, of a folder.</summary>
    public required Func<string, CancellationToken, Task<int>> ListCache { get; init; }

    /// <summary>minimind data cache prune.</summary>
    public required Func<PruneOptions, CancellationToken, Task<int>> PruneCache { get; init; }

    /// <summary>minimind tokenizer train.</summary>
    public required Func<TrainTokenizerOptions, CancellationToken, Task<int>> TrainTokenizer { get; init; }

    /// <summary>minimind tokenizer encode.</summary>
    public required Func<ConvertOptions, CancellationToken, Task<int>> EncodeText { get; init; }

    /// <summary>minimind tokenizer decode.</summary>
    public required Func<ConvertOptions, CancellationToken, Task<int>> DecodeIds { get; init; }

    /// <summary>minimind tokenizer eval.</summary>
    public required Func<EvaluateTokenizerOptions, CancellationToken, Task<int>> EvaluateTokenizers { get; init; }

    /// <summary>Runs the worker program with a verb and its arguments (minimind chat, selftest, eval); signals are the worker's to answer.</summary>
    public required Func<string, IReadOnlyList<string>, Task<int>> WorkerVerb { get; init; }
}

/// <summary>What "minimind run" was asked for.</summary>
public sealed record RunOptions
{
    /// <summary>Path of the run file.</summary>
    public required string File { get; init; }

    /// <summary>
    /// All overrides as RunFile.Load takes them: those of --set in order, then --workers, --out and --device, which therefore win.
    /// </summary>
    public required IReadOnlyList<string> Overrides { get; init; }

    /// <summary>Go on from the newest checkpoint in the run's folder.</summary>
    public bool Resume { get; init; }

    /// <summary>HOST:PORT of the Redis through which several coordinators share the run; null: this is the only one.</summary>
    public string? Redis { get; init; }

    /// <summary>Where workers reach this coordinator.</summary>
    public CoordinatorEndpoint Endpoint { get; init; } = CoordinatorEndpoint.Loopback;

    /// <summary>Log lines even when the output is a terminal.</summary>
    public bool Plain { get; init; }

    /// <summary>Cache of encoded data for run files that name none.</summary>
    public string? SharedCache { get; init; }

    /// <summary>Show stack traces and the programs' own logs.</summary>
    public bool Verbose { get; init; }
}

/// <summary>What "minimind audit" was asked for.</summary>
/// <param name="Run">The run's folder.</param>
/// <param name="Json">File to write the result to, or null.</param>
public sealed record AuditOptions(string Run, string? Json);
