using System.Text.Json;

namespace MiniMind.Text.Datasets;

/// <summary>A line of a data file as tokens.</summary>
/// <param name="Ids">Token ids, in order.</param>
/// <param name="TargetMask">
/// As long as <paramref name="Ids"/>. TargetMask[i]: token i is a target, predicted from the tokens before it. The first token has
/// none before it, so its entry has no effect.
/// </param>
public sealed record EncodedDocument(int[] Ids, bool[] TargetMask)
{
    /// <summary>How many tokens are targets.</summary>
    public int Targets => TargetMask.AsSpan(Math.Min(1, TargetMask.Length)).Count(true);

    /// <summary>The answer that this one is preferred to: the two are one pair, and share a sequence. Null for a document of its own.</summary>
    public EncodedDocument? Rejected { get; init; }
}

/// <summary>Turns one JSON line into one document. Thread-safe, and a pure function of the line.</summary>
public interface IDocumentEncoder
{
    /// <summary>Everything beside the tokenizer's files that decides the tokens: part of the key of encoded data.</summary>
    string Settings { get; }

    /// <exception cref="InputException">A field is missing or wrong; the message names it, and whoever knows the file adds file and line.</exception>
    /// <exception cref="InvalidOperationException">A string holds an escaped half of a surrogate pair, which System.Text.Json finds only here.</exception>
    EncodedDocument Encode(JsonElement line);
}
