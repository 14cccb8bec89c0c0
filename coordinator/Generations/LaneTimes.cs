using MiniMind.Protos;

namespace MiniMind.Coordinator.Generations;

/// <summary>How long one worker recently computed at one lane.</summary>
public sealed class LaneTimes
{
    private const int Kept = 16;
    // Fewer say too little: the first steps of a process are slow.
    private const int Fewest = 4;

    private readonly Queue<double> _recent = new();
    private long _step;
    private long _generation;
    private int _measured;

    /// <summary>Seconds per lane: the median of recent steps, so that single ones that were held up count for nothing; null while too few are known.</summary>
    public double? Typical => _recent.Count < Fewest ? null : _recent.Order().ElementAt((_recent.Count - 1) / 2);

    /// <summary>Steps that were measured in a generation; 0 unless it is the newest one heard of.</summary>
    public int MeasuredIn(long generation) => generation == _generation ? _measured : 0;

    /// <summary>The worker has applied a step. What it repeats after reconnecting, or hands on for others, counts for nothing.</summary>
    public void Observe(Applied applied)
    {
        if (applied.Facts is not { Lanes: > 0, ComputeSeconds: > 0 } facts || applied.Entry.Step <= _step || applied.Generation < _generation) return;
        if (applied.Generation != _generation) (_generation, _measured) = (applied.Generation, 0);
        _step = applied.Entry.Step;
        _measured++;
        _recent.Enqueue(facts.ComputeSeconds / facts.Lanes);
        if (_recent.Count > Kept) _recent.Dequeue();
    }
}
