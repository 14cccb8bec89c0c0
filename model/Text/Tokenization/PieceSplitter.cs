using System.Buffers;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// Splits text at its added tokens (each a piece of its own; the longest one where several begin), then the text between them into
/// pieces: by <see cref="PieceScanner"/>, or by the expression that the tokenizer file brings.
/// </summary>
internal sealed class PieceSplitter : PreTokenizer
{
    private readonly string[] _addedLongestFirst;
    private readonly SearchValues<string> _anyAdded;
    private readonly Regex? _expression;

    public PieceSplitter(IEnumerable<string> addedTokens, Regex? expression)
    {
        _addedLongestFirst = addedTokens.OrderByDescending(token => token.Length).ToArray();
        _anyAdded = SearchValues.Create(_addedLongestFirst, StringComparison.Ordinal);
        _expression = expression;
    }

    /// <inheritdoc />
    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    /// <inheritdoc />
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        int at = 0;
        while (at < text.Length)
        {
            int found = text.AsSpan(at).IndexOfAny(_anyAdded);
            int end = found < 0 ? text.Length : at + found;
            foreach (int length in PieceLengths(text.AsMemory(at, end - at)))
            {
                yield return (at, length);
                at += length;
            }

            if (found < 0) yield break;
            int added = AddedLength(text.AsSpan(at));
            yield return (at, added);
            at += added;
        }
    }

    private IEnumerable<int> PieceLengths(ReadOnlyMemory<char> text) =>
        _expression is null ? ScannedLengths(text) : MatchedLengths(new SingleUnits(text.Span), _expression);

    private static IEnumerable<int> ScannedLengths(ReadOnlyMemory<char> text)
    {
        while (text.Length > 0)
        {
            int length = PieceScanner.NextLength(text.Span);
            yield return length;
            text = text[length..];
        }
    }

    private static IEnumerable<int> MatchedLengths(SingleUnits units, Regex expression)
    {
        int at = 0;
        for (var match = expression.Match(units.Text); match.Success; match = match.NextMatch())
        {
            if (match.Length == 0) continue;
            // Text between matches is a piece too ("Isolated" in the file).
            if (match.Index > at) yield return units.OriginalLength(at, match.Index - at);
            yield return units.OriginalLength(match.Index, match.Length);
            at = match.Index + match.Length;
        }
        if (at < units.Text.Length) yield return units.OriginalLength(at, units.Text.Length - at);
    }

    private int AddedLength(ReadOnlySpan<char> text)
    {
        foreach (string token in _addedLongestFirst)
            if (text.StartsWith(token, StringComparison.Ordinal))
                return token.Length;
        throw new InvalidOperationException("No added token begins where one was found.");
    }
}
