using System.Text;

namespace MiniMind.Coordinator.Doctor;

/// <summary>Characters of texts by kind, white space aside.</summary>
/// <param name="Chinese">Han characters and the punctuation that goes with them.</param>
/// <param name="Latin">Latin letters.</param>
/// <param name="OtherLetters">Letters of other scripts.</param>
/// <param name="Digits">Digits and other numbers.</param>
/// <param name="Signs">Punctuation, symbols and the rest.</param>
internal readonly record struct TextScript(long Chinese, long Latin, long OtherLetters, long Digits, long Signs)
{
    public long Total => Chinese + Latin + OtherLetters + Digits + Signs;

    public static TextScript operator +(TextScript left, TextScript right) => new(
        left.Chinese + right.Chinese, left.Latin + right.Latin, left.OtherLetters + right.OtherLetters, left.Digits + right.Digits, left.Signs + right.Signs);

    public static TextScript Of(string text)
    {
        long chinese = 0, latin = 0, other = 0, digits = 0, signs = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune)) continue;
            if (IsChinese(rune.Value)) chinese++;
            else if (Rune.IsLetter(rune)) _ = rune.Value < 0x250 ? latin++ : other++;
            else if (Rune.IsNumber(rune)) digits++;
            else signs++;
        }

        return new TextScript(chinese, latin, other, digits, signs);
    }

    /// <summary>Ideographs, and CJK and full-width punctuation.</summary>
    public static bool IsChinese(int value) =>
        value is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x323AF or >= 0xF900 and <= 0xFAFF
            or >= 0x3001 and <= 0x303F or (>= 0xFF01 and <= 0xFF0F) or (>= 0xFF1A and <= 0xFF20);
}
