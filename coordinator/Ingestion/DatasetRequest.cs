using MiniMind.Text;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>What to do with a line that cannot be used.</summary>
public enum BadLines
{
    /// <summary>Refuse the data, after all bad lines are counted.</summary>
    Fail,

    /// <summary>Leave the line out and count it.</summary>
    Skip,
}

/// <summary>Data files and what to make of them.</summary>
public sealed record DatasetRequest
{
    /// <summary>Kind of the lines, one of <see cref="DocumentEncoders.Kinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Files to train on, in order.</summary>
    public required IReadOnlyList<DataSource> Sources { get; init; }

    /// <summary>Files to validate on. Given these, <see cref="ValidationFraction"/> is not used.</summary>
    public IReadOnlyList<string> ValidationFiles { get; init; } = [];

    /// <summary>Paths of all files: those to train on, then those to validate on.</summary>
    public IReadOnlyList<string> Files => [.. Sources.Select(source => source.Path), .. ValidationFiles];

    /// <summary>
    /// Part of the lines of <see cref="Sources"/> that is held out, 0 to below 1. Chosen by the hash of a line's bytes, so that equal
    /// lines are on one side, whatever their order. Default 0: no validation data.
    /// </summary>
    public double ValidationFraction { get; init; }

    public required Tokenizer Tokenizer { get; init; }

    /// <summary>How dialogues are varied. Default: not at all.</summary>
    public DialogueVariation Variation { get; init; } = DialogueVariation.None;

    /// <summary>How documents become sequences; its padding id is the tokenizer's.</summary>
    public required PackingOptions Packing { get; init; }

    public BadLines BadLines { get; init; } = BadLines.Fail;

    /// <summary>Folder that keeps encoded data, each under its key.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>
    /// Bytes of decompressed text that become one shard. What has become a shard is not encoded again after an interruption; in memory is only what is
    /// being packed. Default 32 MiB.
    /// </summary>
    public long ChunkBytes { get; init; } = 32 << 20;

    /// <summary>Threads that encode; the result does not depend on it. Default: the processors.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <exception cref="InputException">Names every fault.</exception>
    public void Check()
    {
        var faults = new List<string>();
        if (Sources.Count == 0) faults.Add("no data files are given");
        faults.AddRange(Files.Where(file => !File.Exists(file)).Select(file => $"{file}: there is no such file"));
        faults.AddRange(Sources.Where(source => !(source.Weight is > 0 and <= DataSource.MostWeight))
            .Select(source => $"{source.Path}: the weight must be above 0 and at most {DataSource.MostWeight}, found {source.Weight}"));
        if (!(ValidationFraction is >= 0 and < 1)) faults.Add($"the validation fraction must be at least 0 and below 1, found {ValidationFraction}");
        if (ChunkBytes < 1) faults.Add($"the bytes of a chunk must be positive, found {ChunkBytes}");
        if (Threads < 1) faults.Add($"the threads must be positive, found {Threads}");
        if (faults.Count > 0) throw new InputException(string.Join(Environment.NewLine, faults));
        Packing.Check();
    }
}
