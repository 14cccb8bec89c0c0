namespace MiniMind.Coordinator.CommandLine;

/// <summary>What "minimind data check" was asked for.</summary>
public sealed record CheckOptions
{
    /// <summary>Data files or patterns.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Kind of the data; null: as its first lines show.</summary>
    public string? Stage { get; init; }

    /// <summary>Folder of a tokenizer; null: nothing is said about tokens.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Slots of a sequence; null: <see cref="SequenceLengthOf"/>.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>"split" or "cut"; null: as a run file's default.</summary>
    public string? LongDocuments { get; init; }

    /// <summary>An evaluation file that the data should not contain.</summary>
    public string? Against { get; init; }

    /// <summary>A clean file to write.</summary>
    public string? Fix { get; init; }
    public bool Force { get; init; }
    public bool KeepDuplicates { get; init; }
    public bool DropNearDuplicates { get; init; }

    /// <summary>Documents to show.</summary>
    public int Samples { get; init; } = 3;
    public ulong Seed { get; init; } = RunFiles.RunFileDefaults.Standard.Seed;
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Where the report goes as JSON.</summary>
    public string? Json { get; init; }

    /// <summary>Where the histogram of lengths goes, .png or .svg.</summary>
    public string? Plot { get; init; }

    /// <summary>Those of MiniMind's scripts.</summary>
    public static int SequenceLengthOf(string stage) => stage switch
    {
        "sft" => 768,
        "dpo" => 1024,
        _ => 340,
    };
}
