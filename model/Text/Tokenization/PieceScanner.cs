using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// Cuts text into the pieces inside which byte pairs may merge. Equal to GPT-2's expression
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> (Radford et al. 2019), but by code point:
/// .NET's expressions see the halves of a surrogate pair as no letters.
/// </summary>
internal static class PieceScanner
{
    private enum Class
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>Length, in chars, of the piece at the start of <paramref name="text"/>, which is not empty.</summary>
    public static int NextLength(ReadOnlySpan<char> text)
    {
        if (text[0] == '\'' && Contraction(text) is > 0 and var contraction) return contraction;
        int lead = text[0] == ' ' ? 1 : 0;
        if (lead < text.Length)
        {
            var kind = ClassAt(text, lead, out int width);
            if (kind != Class.Space) return RunOf(kind, text, lead + width);
        }

        return Spaces(text);
    }

    private static int Contraction(ReadOnlySpan<char> text)
    {
        if (text.Length >= 2 && text[1] is 's' or 't' or 'm' or 'd') return 2;
        if (text.Length < 3) return 0;
        return (text[1], text[2]) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static int RunOf(Class kind, ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && ClassAt(text, at, out int width) == kind) at += width;
        return at;
    }

    /// <summary>A run of white space, without its last character when a word follows (that one may lead the word).</summary>
    private static int Spaces(ReadOnlySpan<char> text)
    {
        int end = 1;
        while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
        return end == text.Length || end == 1 ? end : end - 1;
    }

    private static Class ClassAt(ReadOnlySpan<char> text, int at, out int width)
    {
        char c = text[at];
        width = 1;
        if (char.IsAsciiLetter(c)) return Class.Letter;
        if (char.IsWhiteSpace(c)) return Class.Space;
        if (!char.IsSurrogate(c)) return char.IsLetter(c) ? Class.Letter : char.IsNumber(c) ? Class.Number : Class.Other;
        if (Rune.DecodeFromUtf16(text[at..], out var rune, out width) != System.Buffers.OperationStatus.Done) return Class.Other;
        return Rune.IsLetter(rune) ? Class.Letter : Rune.IsNumber(rune) ? Class.Number : Class.Other;
    }
}
