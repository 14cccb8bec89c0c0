using MiniMind.Protos;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Workers that outlived an earlier coordinator have to come to this one within a bounded time: one that hangs would keep its place for ever.</summary>
/// <param name="patience">That time.</param>
/// <param name="giveUp">Called with the name of each one that has not come.</param>
/// <param name="time">For the time.</param>
internal sealed class AdoptedWorkers(TimeSpan patience, Action<string> giveUp, TimeProvider time) : IDisposable
{
    private readonly HashSet<string> _awaited = [];
    private ITimer? _timer;

    /// <summary>Begins to wait for these.</summary>
    public void Await(IReadOnlyCollection<string> names)
    {
        lock (_awaited) _awaited.UnionWith(names);
        if (names.Count > 0) _timer = time.CreateTimer(_ => EndWaiting(), null, patience, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whatever is noticed of a worker is a sign of life.</summary>
    public void Hear(RunEvent happened)
    {
        if (happened.Noticed is not { } noticed) return;
        lock (_awaited) _awaited.Remove(noticed.Worker);
    }

    public void Dispose() => _timer?.Dispose();

    private void EndWaiting()
    {
        List<string> missing;
        lock (_awaited)
        {
            missing = [.. _awaited];
            _awaited.Clear();
        }
        foreach (var name in missing) giveUp(name);
    }
}
