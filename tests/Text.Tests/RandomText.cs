using System.Text;

namespace MiniMind.Text.Tests;

/// <summary>Seeded text that is hard on tokenizers: scripts, digits, runs of white space, emoji, control characters, special tokens.</summary>
internal static class RandomText
{
    private static readonly string[] Parts =
    [
        "the", "Dog's", "we'll", " 'S", "''s", "北京", "首都。", "𠮷野家", "𝐇i", "🙂", "👨‍👩‍👧", "é", "e\u0301", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t",
        "\u00a0", "\u3000", "\u2028", "0", "42", "٣", "½", "!", "?!", "...", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<think>", "</think>",
        "<|im_", "\0", "\u0085", "\u200b", "ﬁ", "ß", "Ⅷ", "한국어", "עברית",
    ];

    public static string Make(int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (int i = random.Next(40); i >= 0; i--)
            text.Append(random.Next(12) == 0 ? ((char)random.Next(1, 0xD800)).ToString() : Parts[random.Next(Parts.Length)]);
        return text.ToString();
    }
}
