using System.Globalization;

namespace MiniMind.Chaos;

/// <summary>How one disturbed run came out.</summary>
/// <param name="Seed">Of its faults.</param>
public sealed record Outcome(int Seed)
{
    /// <summary>Faults that struck.</summary>
    public int Faults { get; init; }

    /// <summary>Generations that were formed.</summary>
    public int Generations { get; init; }

    /// <summary>Longest time from a fault to a step that began after it; null: there was none.</summary>
    public TimeSpan? SlowestRecovery { get; init; }

    /// <summary>All files hold the bytes of the undisturbed run; null: it was not come to that.</summary>
    public bool? BytesEqual { get; init; }

    /// <summary>The audit found nothing; null: it was not come to that.</summary>
    public bool? AuditSound { get; init; }

    /// <summary>What went wrong; null: nothing.</summary>
    public string? Trouble { get; init; }

    /// <summary>Writes a table of several.</summary>
    public static void Write(IEnumerable<Outcome> outcomes, TextWriter log)
    {
        string[][] rows = [["seed", "faults", "generations", "slowest recovery", "bytes equal", "audit"], .. outcomes.Select(outcome => outcome.Cells())];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToList();
        foreach (var row in rows) log.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadLeft(widths[column]))));
    }

    private string[] Cells() =>
    [
        Number(Seed), Number(Faults), Number(Generations), SlowestRecovery is { } slowest ? string.Create(CultureInfo.InvariantCulture, $"{slowest.TotalSeconds:0.00} s") : "–",
        Word(BytesEqual, "yes", "NO"), Word(AuditSound, "sound", "UNSOUND"),
    ];

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Word(bool? holds, string yes, string no) => holds switch { true => yes, false => no, null => "–" };
}
