namespace MiniMind.Collectives.Membership;

/// <summary>
/// One wait of one caller. It is awaited directly, never combined with other tasks: so the caller goes on in its own context, whether that is the
/// thread pool or the single thread of a simulation.
/// </summary>
internal sealed class Waiter
{
    private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends the wait.</summary>
    public void Wake() => _source.TrySetResult();

    /// <summary>Ends the wait with a fault.</summary>
    public void Fail(Exception fault) => _source.TrySetException(fault);

    /// <summary>Waits until woken.</summary>
    public async Task WaitAsync(CancellationToken cancellation)
    {
        await using var registration = cancellation.Register(() => _source.TrySetCanceled(cancellation));
        await _source.Task;
    }
}

/// <summary>Those who wait for a condition to change. Guarded by the lock that guards the condition.</summary>
internal sealed class WaitingRoom
{
    private List<Waiter> _waiters = [];

    /// <summary>Call under the lock, after the condition was found unmet.</summary>
    public Waiter Enter()
    {
        var waiter = new Waiter();
        _waiters.Add(waiter);
        return waiter;
    }

    /// <summary>Call under the lock, after the condition changed; wake the result outside of it.</summary>
    public IReadOnlyList<Waiter> Leave()
    {
        var waiters = _waiters;
        _waiters = [];
        return waiters;
    }
}
