using MiniMind.Text;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>Counts bad lines and keeps the first few for the user.</summary>
/// <param name="files">Paths in the order in which they are read.</param>
/// <param name="known">Those of earlier.</param>
internal sealed class BadLineLog(IReadOnlyList<string> files, BadLineReport? known = null)
{
    private const int Quoted = 5;

    private readonly List<BadLine> _first = [.. known?.First ?? []];

    public long Count { get; private set; } = known?.Count ?? 0;

    public BadLineReport Report => new(Count, [.. _first]);

    /// <summary>The first of them as file:line: reason.</summary>
    public IReadOnlyList<string> First => Report.Quote(files);

    /// <param name="file">Index of the file.</param>
    /// <param name="line">Line number, from 1.</param>
    /// <param name="reason">What is wrong with it.</param>
    public void Add(int file, long line, string reason)
    {
        Count++;
        if (_first.Count < Quoted) _first.Add(new BadLine(file, line, reason));
    }

    /// <summary>What to do when the first bad line stands in a file that looks like data of another kind; null when it does not.</summary>
    public string? Mistake(string kind) => _first.Count == 0 ? null : DataKind.Mistake(files[_first[0].File], kind);

    /// <summary>The message that refuses the data.</summary>
    /// <param name="kind">What it was to be.</param>
    public InputException ToException(string kind)
    {
        var lines = new List<string> { $"{Count:N0} bad line{(Count == 1 ? "" : "s")} in the data:" };
        lines.AddRange(First.Select(line => "  " + line));
        if (Count > _first.Count) lines.Add($"  and {Count - _first.Count:N0} more");
        lines.Add(Mistake(kind) is { } mistake ? mistake + "." : "Mend the data (minimind data check FILE --fix OUT writes the good lines), or set bad_lines: skip to leave such lines out.");
        return new InputException(string.Join(Environment.NewLine, lines));
    }
}
