namespace MiniMind.Coordinator.Doctor;

/// <summary>What may be wrong with a line that can be used nevertheless.</summary>
[Flags]
internal enum Oddity
{
    None = 0,

    /// <summary>There is no text at all.</summary>
    EmptyText = 1,

    /// <summary>Some answer of the assistant is blank, and calls no tool.</summary>
    EmptyAnswer = 2,

    /// <summary>All of them are.</summary>
    OnlyEmptyAnswers = 4,

    /// <summary>Roles do not follow each other as they should.</summary>
    RoleOrder = 8,

    /// <summary>No assistant speaks: nothing is learned from the line.</summary>
    NoAnswer = 16,

    /// <summary>The chosen and the rejected answer are the same.</summary>
    EqualSides = 32,

    /// <summary>The two sides answer different questions.</summary>
    DifferentPrompts = 64,

    /// <summary>U+FFFD: something was lost when the text was decoded.</summary>
    ReplacementCharacter = 128,

    /// <summary>Control characters other than tabs and line ends.</summary>
    ControlCharacter = 256,

    /// <summary>UTF-8 that was read as Latin-1 or Windows-1252, such as "Ã©" or "â€™".</summary>
    WrongEncoding = 512,
}

/// <summary>Words for oddities.</summary>
internal static class Oddities
{
    public static readonly IReadOnlyList<(Oddity Oddity, string Words)> All =
    [
        (Oddity.EmptyText, "empty text"), (Oddity.EmptyAnswer, "an empty answer"), (Oddity.OnlyEmptyAnswers, "only empty answers"),
        (Oddity.RoleOrder, "roles out of order"), (Oddity.NoAnswer, "no answer to learn"), (Oddity.EqualSides, "chosen equals rejected"),
        (Oddity.DifferentPrompts, "chosen and rejected answer different prompts"), (Oddity.ReplacementCharacter, "replacement characters (U+FFFD)"),
        (Oddity.ControlCharacter, "control characters"), (Oddity.WrongEncoding, "wrongly decoded text, such as \"Ã©\""),
    ];

    /// <summary>What can be seen in a text by itself.</summary>
    public static Oddity Of(string text)
    {
        var found = Oddity.None;
        if (text.Contains('\uFFFD', StringComparison.Ordinal)) found |= Oddity.ReplacementCharacter;
        if (text.AsSpan().ContainsAny(ControlCharacters)) found |= Oddity.ControlCharacter;
        for (int at = text.IndexOfAny(LatinLeads); at >= 0 && at + 1 < text.Length; at = text.IndexOfAny(LatinLeads, at + 1))
            if (text[at + 1] is >= '\u0080' and <= '\u00BF' || WindowsSigns.Contains(text[at + 1], StringComparison.Ordinal)) return found | Oddity.WrongEncoding;
        return found;
    }

    // What Windows-1252 has in the places of Latin-1's second control characters.
    private const string WindowsSigns = "\u20AC\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u017D\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u017E\u0178";

    // The first bytes of two- and three-byte sequences that Latin letters and punctuation begin with, read as Latin-1.
    private static readonly char[] LatinLeads = ['\u00C2', '\u00C3', '\u00E2'];

    private static readonly System.Buffers.SearchValues<char> ControlCharacters = System.Buffers.SearchValues.Create(
        [.. Enumerable.Range(0, 32).Except(['\t', '\n', '\r']).Append(127).Concat(Enumerable.Range(128, 32).Except([0x85])).Select(value => (char)value)]);
}
