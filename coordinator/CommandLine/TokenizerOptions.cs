namespace MiniMind.Coordinator.CommandLine;

/// <summary>What "minimind tokenizer train" was asked for.</summary>
public sealed record TrainTokenizerOptions
{
    /// <summary>Data files of any kind.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Folder to write.</summary>
    public required string Out { get; init; }

    public int VocabularySize { get; init; } = RunFiles.RunFileDefaults.Standard.VocabularySize;

    public long MinFrequency { get; init; } = 2;

    /// <summary>Part of the texts that is read.</summary>
    public double Sample { get; init; } = 1;

    public ulong Seed { get; init; } = RunFiles.RunFileDefaults.Standard.Seed;

    public string Family { get; init; } = Text.Tokenization.TokenizerFamilies.Names[0];

    public int Threads { get; init; } = Environment.ProcessorCount;

    public bool SkipBadLines { get; init; }

    /// <summary>Replaces a tokenizer that is there.</summary>
    public bool Force { get; init; }
}

/// <summary>What "minimind tokenizer encode" and "decode" were asked for.</summary>
/// <param name="Tokenizer">Folder with a tokenizer.json, or that file.</param>
/// <param name="Input">What to encode, or ids; empty: the lines of the standard input.</param>
/// <param name="Shown">Shows tokens rather than ids, or special tokens that are otherwise left out.</param>
public sealed record ConvertOptions(string Tokenizer, IReadOnlyList<string> Input, bool Shown);

/// <summary>What "minimind tokenizer eval" was asked for.</summary>
/// <param name="Tokenizers">Folders; the first one is measured, the others stand beside it.</param>
/// <param name="Files">Data files to measure on, beside the built-in samples.</param>
public sealed record EvaluateTokenizerOptions(IReadOnlyList<string> Tokenizers, IReadOnlyList<string> Files);
