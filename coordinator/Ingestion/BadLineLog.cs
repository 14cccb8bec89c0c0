using MiniMind.Text;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>Counts bad lines and keeps the first few for the user.</summary>
internal sealed class BadLineLog(BadLineReport? known = null)
{
    private const int Quoted = 5;

    private readonly List<string> _first = [.. known?.First ?? []];
    private long _count = known?.Count ?? 0;

    public bool IsEmpty => _count == 0;

    public BadLineReport Report => new(_count, [.. _first]);

    public void Add(string file, long line, string reason)
    {
        _count++;
        if (_first.Count < Quoted) _first.Add($"{file}:{line}: {reason}");
    }

    /// <summary>The message that refuses the data.</summary>
    public InputException ToException()
    {
        var lines = new List<string> { $"{_count:N0} bad line{(_count == 1 ? "" : "s")} in the data:" };
        lines.AddRange(_first.Select(line => "  " + line));
        if (_count > _first.Count) lines.Add($"  and {_count - _first.Count:N0} more");
        lines.Add("Mend the data (minimind data check FILE --fix OUT writes the good lines), or set bad_lines: skip to leave such lines out.");
        return new InputException(string.Join(Environment.NewLine, lines));
    }
}
