using MiniMind.Protos;

namespace MiniMind.Coordinator.Generations;

/// <summary>Committed steps, the newest ones in a row, whose update was left out. A few happen; many mean that nothing is learnt any more.</summary>
internal sealed class SkippedSteps
{
    private const int MostInARow = 5;

    private readonly List<LedgerEntry> _entries = [];

    /// <summary>Why the stage cannot go on; null while it can.</summary>
    public string? Fault => _entries.Count < MostInARow ? null
        : $"{_entries.Count} steps in a row could not be applied (no targets, or a gradient that is not finite): "
        + string.Join(", ", _entries.Select(entry => $"step {entry.Step}: samples {entry.FirstSample}..{entry.EndSample - 1}"))
        + "; lower the learning rate, or look at that data";

    /// <summary>A step has been committed.</summary>
    public void Add(LedgerEntry entry)
    {
        if (!entry.Skipped) _entries.Clear();
        else _entries.Add(entry);
    }
}
