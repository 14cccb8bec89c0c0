using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// GPT-2's printable spelling of bytes: every byte is one character, so that vocabularies of bytes can be stored as JSON strings.
/// Printable Latin-1 stands for itself; the other 68 bytes take the characters from U+0100 upwards, in order.
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstSubstitute = 256;

    private static readonly char[] CharOfByte = Spell();
    private static readonly short[] ByteOfChar = Invert();

    /// <summary>The character that spells <paramref name="value"/>.</summary>
    public static char CharOf(byte value) => CharOfByte[value];

    /// <summary>Bytes in the order of their characters: the order in which a trainer numbers them.</summary>
    public static IEnumerable<byte> InOrderOfCharacters() =>
        Enumerable.Range(0, 256).Select(value => (byte)value).OrderBy(value => CharOfByte[value]);

    /// <summary>
    /// The bytes that <paramref name="token"/> spells. A token with a character outside the alphabet (an added token) stands for its own UTF-8.
    /// </summary>
    public static byte[] BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            int value = token[i] < ByteOfChar.Length ? ByteOfChar[token[i]] : -1;
            if (value < 0) return Encoding.UTF8.GetBytes(token);
            bytes[i] = (byte)value;
        }

        return bytes;
    }

    private static char[] Spell()
    {
        var chars = new char[256];
        int next = FirstSubstitute;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            chars[value] = (char)(printable ? value : next++);
        }

        return chars;
    }

    private static short[] Invert()
    {
        var bytes = new short[CharOfByte.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++) bytes[CharOfByte[value]] = (short)value;
        return bytes;
    }
}
