using System.Globalization;
using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// A text in which every character is one UTF-16 unit: one beyond U+FFFF is replaced by one below it of the same general category. The reference's
/// expressions see characters, those of .NET see units, and would cut "🙂" in two or find no letter in "𝒜".
/// </summary>
internal sealed class SingleUnits
{
    // The two units of a character that was replaced.
    private const int Pair = 2;

    private readonly bool[] _replaced;

    public SingleUnits(ReadOnlySpan<char> text)
    {
        var units = new StringBuilder(text.Length);
        var replaced = new List<bool>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            units.Append(rune.IsBmp ? (char)rune.Value : Representative(rune));
            replaced.Add(!rune.IsBmp);
        }
        Text = units.ToString();
        _replaced = [.. replaced];
    }

    /// <summary>One unit per character.</summary>
    public string Text { get; }

    /// <summary>Units of the original that a part of <see cref="Text"/> stands for.</summary>
    public int OriginalLength(int start, int length)
    {
        var total = length;
        foreach (var pair in _replaced.AsSpan(start, length)) total += pair ? Pair - 1 : 0;
        return total;
    }

    // None of them is ASCII, so that no literal of an expression matches one.
    private static char Representative(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter => 'Ā',
        UnicodeCategory.LowercaseLetter => 'ā',
        UnicodeCategory.TitlecaseLetter => 'ǅ',
        UnicodeCategory.ModifierLetter => 'ʰ',
        UnicodeCategory.OtherLetter => rune.Value is >= 0x20000 and < 0x40000 ? '一' : 'א',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '٠',
        UnicodeCategory.LetterNumber => 'Ⅰ',
        UnicodeCategory.OtherNumber => '①',
        UnicodeCategory.ConnectorPunctuation => '‿',
        UnicodeCategory.DashPunctuation => '–',
        UnicodeCategory.OpenPunctuation => '⟨',
        UnicodeCategory.ClosePunctuation => '⟩',
        UnicodeCategory.InitialQuotePunctuation => '«',
        UnicodeCategory.FinalQuotePunctuation => '»',
        UnicodeCategory.OtherPunctuation => '·',
        UnicodeCategory.MathSymbol => '×',
        UnicodeCategory.CurrencySymbol => '€',
        UnicodeCategory.ModifierSymbol => '¨',
        UnicodeCategory.OtherSymbol => '©',
        UnicodeCategory.Format => '\u200b',
        UnicodeCategory.PrivateUse => '\ue000',
        _ => '\u0378', // unassigned
    };
}
