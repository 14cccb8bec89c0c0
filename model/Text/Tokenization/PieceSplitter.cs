using System.Buffers;
using System.Text.RegularExpressions;

namespace MiniMind.Text.Tokenization;

/// <summary>Is handed the parts of a text.</summary>
internal interface IPieceSink
{
    void Take(ReadOnlySpan<char> piece);

    void TakeAdded(int id);
}

/// <summary>
/// Splits text at its added tokens (the longest one where several begin), then the text between them into pieces: by <see cref="PieceScanner"/>, or by the
/// expression that the tokenizer file brings.
/// </summary>
internal sealed class PieceSplitter
{
    private readonly (string Content, int Id)[] _addedLongestFirst;
    private readonly SearchValues<string> _anyAdded;
    private readonly Regex? _expression;

    /// <param name="addedTokens">Content -> id.</param>
    /// <param name="expression">Null: GPT-2's pieces.</param>
    public PieceSplitter(IReadOnlyDictionary<string, int> addedTokens, Regex? expression)
    {
        _addedLongestFirst = [.. addedTokens.Select(token => (token.Key, token.Value)).OrderByDescending(token => token.Key.Length)];
        _anyAdded = SearchValues.Create([.. addedTokens.Keys], StringComparison.Ordinal);
        _expression = expression;
    }

    /// <summary>Hands over the pieces and added tokens of a text, in order.</summary>
    public void Split<TSink>(ReadOnlySpan<char> text, TSink sink)
        where TSink : IPieceSink
    {
        while (true)
        {
            int found = text.IndexOfAny(_anyAdded);
            var plain = found < 0 ? text : text[..found];
            if (_expression is null) Scan(plain, sink);
            else Match(plain, _expression, sink);
            if (found < 0) return;
            var (content, id) = AddedAt(text[found..]);
            sink.TakeAdded(id);
            text = text[(found + content.Length)..];
        }
    }

    private static void Scan<TSink>(ReadOnlySpan<char> text, TSink sink)
        where TSink : IPieceSink
    {
        while (text.Length > 0)
        {
            int length = PieceScanner.NextLength(text);
            sink.Take(text[..length]);
            text = text[length..];
        }
    }

    private static void Match<TSink>(ReadOnlySpan<char> text, Regex expression, TSink sink)
        where TSink : IPieceSink
    {
        var units = new SingleUnits(text);
        int at = 0;
        foreach (var match in expression.EnumerateMatches(units.Text))
        {
            if (match.Length == 0) continue;
            // Text between matches is a piece too ("Isolated" in the file).
            if (match.Index > at) text = Take(text, units.OriginalLength(at, match.Index - at), sink);
            text = Take(text, units.OriginalLength(match.Index, match.Length), sink);
            at = match.Index + match.Length;
        }

        if (text.Length > 0) sink.Take(text);
    }

    private static ReadOnlySpan<char> Take<TSink>(ReadOnlySpan<char> text, int length, TSink sink)
        where TSink : IPieceSink
    {
        sink.Take(text[..length]);
        return text[length..];
    }

    private (string Content, int Id) AddedAt(ReadOnlySpan<char> text)
    {
        foreach (var token in _addedLongestFirst)
            if (text.StartsWith(token.Content, StringComparison.Ordinal))
                return token;
        throw new InvalidOperationException("No added token begins where one was found.");
    }
}
