namespace MiniMind.Coordinator.Doctor;

/// <summary>What the doctor found. Lines are lines that are not blank.</summary>
internal sealed record CheckReport
{
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Kind of the data, and whether that was guessed.</summary>
    public required string Stage { get; init; }
    public required bool StageGuessed { get; init; }
    public required long Lines { get; init; }
    public required long Bytes { get; init; }
    public required long BadLines { get; init; }

    /// <summary>The first bad lines: file, line, reason.</summary>
    public required IReadOnlyList<string> FirstBad { get; init; }
    public required long ExactDuplicates { get; init; }
    public required long NearDuplicates { get; init; }

    /// <summary>Pairs such as "a.jsonl:7 is like a.jsonl:3".</summary>
    public required IReadOnlyList<string> FirstNear { get; init; }
    public required IReadOnlyList<OddityCount> Oddities { get; init; }
    public required TextScript Characters { get; init; }

    /// <summary>Null without a tokenizer.</summary>
    public required LengthReport? Lengths { get; init; }

    /// <summary>Null without an evaluation file.</summary>
    public required ContaminationReport? Contamination { get; init; }

    /// <summary>What makes a figure less than exact.</summary>
    public required IReadOnlyList<string> Limits { get; init; }

    /// <summary>Lines of the clean file; null when none was asked for.</summary>
    public required long? Written { get; init; }

    /// <summary>Whether the data can be trained on as it is.</summary>
    public required bool Sound { get; init; }

    /// <summary>Whether the clean file can be trained on; null when none was asked for.</summary>
    public required bool? CleanSound { get; init; }

    /// <summary>Whether training can start, with the clean file if one was written, and why not. Of some kinds of data there is no stage yet.</summary>
    public required string Verdict { get; init; }
}

/// <summary>Lines with an oddity, and the first of them.</summary>
internal sealed record OddityCount(string What, long Lines, IReadOnlyList<string> First);

/// <summary>What the data shares with an evaluation file.</summary>
/// <param name="Items">Items that could be compared.</param>
/// <param name="TooShort">Items that could not, having fewer than three words.</param>
/// <param name="ItemsTouched">Items of which 13 words in a row, or all of fewer, are in the data.</param>
/// <param name="Lines">Lines of the data in which they are.</param>
/// <param name="First">The first of these lines.</param>
internal sealed record ContaminationReport(string File, int Items, int TooShort, int ItemsTouched, long Lines, IReadOnlyList<string> First);
