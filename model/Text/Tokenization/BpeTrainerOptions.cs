using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace MiniMind.Text.Tokenization;

/// <summary>What a <see cref="BpeTrainer"/> makes.</summary>
public sealed record BpeTrainerOptions
{
    /// <summary>Most tokens, special ones and bytes included. Fewer come out when the texts have no more pairs. Default 6400, MiniMind's.</summary>
    public int VocabularySize { get; init; } = 6400;

    /// <summary>Pairs seen less often are not merged. Default 2.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>Tokens with the first ids, in order. Default: MiniMind-3's 36.</summary>
    public IReadOnlyList<SpecialToken> SpecialTokens { get; init; } = SpecialToken.MiniMind3;

    /// <summary>Whether all 256 bytes get a token, so that any text can be encoded; otherwise only those that occur. Default true.</summary>
    public bool AllBytes { get; init; } = true;

    /// <summary>Part of the texts that is read, above 0 to 1. Which ones is decided by the seed and the text alone. Default 1.</summary>
    public double Sample { get; init; } = 1;

    /// <summary>Another seed takes another sample. Default 42.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Threads that count; the result does not depend on it. Default: the processors.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether a text belongs to the sample.</summary>
    public bool Takes(string text) =>
        (XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan()), Seed) >> 11) * (1.0 / (1UL << 53)) < Sample;

    /// <exception cref="InputException">An option is out of its range.</exception>
    public void Check()
    {
        if (!(Sample is > 0 and <= 1)) throw new InputException($"The sample must be a part above 0, at most 1, found {Sample}.");
        if (Threads < 1) throw new InputException($"The threads must be positive, found {Threads}.");
        int least = SpecialTokens.Count + (AllBytes ? 256 : 1);
        if (VocabularySize < least)
            throw new InputException($"A vocabulary with {SpecialTokens.Count} special tokens and the bytes needs a size of at least {least}, found {VocabularySize}.");
        if (MinFrequency < 0) throw new InputException($"The minimum frequency must not be negative, found {MinFrequency}.");
        var repeated = SpecialTokens.GroupBy(token => token.Content, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (repeated is not null) throw new InputException($"The special token \"{repeated.Key}\" is given {repeated.Count()} times.");
    }
}
