namespace MiniMind.Simulation;

/// <summary>
/// A single-threaded world with a virtual clock. Everything that happens is an event; events of the same moment happen in an order that the seed decides.
/// </summary>
internal sealed class VirtualWorld(int seed, TextWriter? trace)
{
    private readonly PriorityQueue<(SimulatedProcess? Process, Action Action), (long Time, int Order, long Sequence)> _events = new();
    // Far more than any schedule has: whoever does the same thing for ever, without any time passing, makes no progress either.
    private const long MostEvents = 400_000;

    private long _sequence;

    /// <summary>Virtual time in ticks of 100 ns.</summary>
    public long Now { get; private set; }

    /// <summary>The schedule's only source of chance.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>Events so far.</summary>
    public long Events { get; private set; }

    /// <summary>Schedules an action; it does not happen if its process is dead by then, and later if it is frozen.</summary>
    public void Schedule(SimulatedProcess? process, TimeSpan delay, Action action) =>
        _events.Enqueue((process, action), (Now + delay.Ticks, Random.Next(1 << 20), _sequence++));

    /// <summary>A random delay between two bounds in milliseconds.</summary>
    public TimeSpan Delay(double least, double most) => TimeSpan.FromMilliseconds(least + Random.NextDouble() * (most - least));

    /// <summary>Runs until <paramref name="done"/>, or until nothing more happens before the time limit.</summary>
    /// <returns>Whether it is done.</returns>
    public bool Run(Func<bool> done, TimeSpan limit)
    {
        while (!done())
        {
            if (!_events.TryDequeue(out var next, out var key) || key.Time > limit.Ticks || Events > MostEvents) return false;
            Now = key.Time;
            if (next.Process is { } process && !process.Admit(next.Action)) continue;
            Events++;
            Step(next.Process, next.Action);
            next.Process?.Happened?.Invoke();
        }
        return true;
    }

    /// <summary>Notes what happens, when somebody wants to read it.</summary>
    public void Trace(string who, string what) => trace?.WriteLine($"{TimeSpan.FromTicks(Now).TotalSeconds,9:0.000} {who,-12} {what}");

    private static void Step(SimulatedProcess? process, Action action)
    {
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(process?.Context);
        try
        {
            action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }
}
