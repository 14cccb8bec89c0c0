namespace MiniMind.Collectives.Membership;

/// <summary>
/// The newest generation that this worker has heard of. Older announcements are ignored, whatever order they come in.
/// </summary>
public sealed class GenerationInbox
{
    private readonly Lock _gate = new();
    private readonly WaitingRoom _waiting = new();
    private long _atOnce;

    /// <summary>The newest generation, or null.</summary>
    public GenerationPlan? Newest { get; private set; }

    /// <summary>Hears of a generation.</summary>
    public void Announce(GenerationPlan plan)
    {
        IReadOnlyList<Waiter> waiting;
        lock (_gate)
        {
            if (Newest is not null && plan.Number <= Newest.Number) return;
            Newest = plan;
            if (!plan.AtBoundary) _atOnce = plan.Number;
            waiting = _waiting.Leave();
        }
        foreach (var waiter in waiting) waiter.Wake();
    }

    /// <summary>Waits for a generation newer than <paramref name="number"/> that <paramref name="wanted"/> accepts.</summary>
    public Task<GenerationPlan> NextAsync(long number, Func<GenerationPlan, bool> wanted, CancellationToken cancellation) =>
        WaitAsync(newest => newest.Number > number && wanted(newest), cancellation);

    /// <summary>
    /// Waits until a generation is over: a newer one has been announced that waits for no boundary, even if one that does has replaced it since.
    /// </summary>
    public Task OverAsync(long number, CancellationToken cancellation) => WaitAsync(_ => _atOnce > number, cancellation);

    private async Task<GenerationPlan> WaitAsync(Func<GenerationPlan, bool> wanted, CancellationToken cancellation)
    {
        while (true)
        {
            Waiter waiter;
            lock (_gate)
            {
                if (Newest is { } newest && wanted(newest)) return newest;
                waiter = _waiting.Enter();
            }
            await waiter.WaitAsync(cancellation);
        }
    }
}
