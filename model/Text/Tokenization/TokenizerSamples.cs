namespace MiniMind.Text.Tokenization;

/// <summary>Short texts of four kinds to measure tokenizers on: Chinese, English, code, mixed.</summary>
public static class TokenizerSamples
{
    /// <summary>Kind and text of each.</summary>
    public static IReadOnlyList<(string Kind, string Text)> All { get; } = Read();

    private static List<(string Kind, string Text)> Read()
    {
        using var stream = typeof(TokenizerSamples).Assembly.GetManifestResourceStream("Samples.txt")!;
        using var reader = new StreamReader(stream);
        // A part begins with a line "# KIND".
        return [.. $"\n{reader.ReadToEnd()}".Split("\n# ", StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('\n', 2)).Select(part => (part[0].Trim(), part[1]))];
    }
}
