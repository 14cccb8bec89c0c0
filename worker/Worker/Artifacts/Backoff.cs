namespace MiniMind.Worker.Artifacts;

/// <summary>How long an operation is tried again while its server is away.</summary>
public sealed record RetryOptions
{
    /// <summary>Pause before the second try; doubles from try to try. Default 100 ms.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause between two tries. Default 5 s.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Tries in a row without any progress before giving up. Default 20: more than a minute of pauses.</summary>
    public int Tries { get; init; } = 20;

    /// <summary>Everything that is wrong with these options, one sentence each; empty when nothing is.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (FirstPause <= TimeSpan.Zero) faults.Add($"{nameof(FirstPause)}: expected a positive time, found {FirstPause}.");
        if (LongestPause < FirstPause) faults.Add($"{nameof(LongestPause)}: expected at least {nameof(FirstPause)} = {FirstPause}, found {LongestPause}.");
        if (Tries < 1) faults.Add($"{nameof(Tries)}: expected at least 1, found {Tries}.");
        return faults;
    }
}

/// <summary>Decides about the next try: a pure count, without a clock.</summary>
public sealed class Backoff(RetryOptions options)
{
    private int _failures;

    /// <summary>The pause after one more failure, or null when it was the last try.</summary>
    public TimeSpan? NextPause()
    {
        if (++_failures >= options.Tries) return null;
        var doublings = Math.Min(_failures - 1, 30);
        var pause = options.FirstPause.Ticks * Math.Pow(2, doublings);
        return TimeSpan.FromTicks((long)Math.Min(pause, options.LongestPause.Ticks));
    }

    /// <summary>Something was achieved: the count starts again.</summary>
    public void Reset() => _failures = 0;
}
