namespace MiniMind.Chaos.Network;

/// <summary>One direction between two parties: whether bytes pass, how late, and how fast. Holds for all connections between them, present and future.</summary>
/// <param name="length">How late bytes arrive on it when nothing disturbs it.</param>
public sealed class Wire(TimeSpan length = default)
{
    private readonly TimeSpan _length = length;
    private readonly Lock _gate = new();
    private TaskCompletionSource? _held;

    /// <summary>How late bytes arrive.</summary>
    public TimeSpan Delay { get; set; } = length;

    /// <summary>Bytes per second of one connection; 0: as many as there are.</summary>
    public long Rate { get; set; }

    /// <summary>Completes when bytes pass.</summary>
    public Task Open
    {
        get
        {
            lock (_gate) return _held?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>From now on nothing arrives, neither bytes nor the news that a connection ended; nobody is told.</summary>
    public void Hold()
    {
        lock (_gate) _held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Everything passes again, at once; what was held arrives, as if it had been sent again all the time.</summary>
    public void Heal()
    {
        TaskCompletionSource? held;
        lock (_gate) (held, _held, Delay, Rate) = (_held, null, _length, 0);
        held?.SetResult();
    }
}
