namespace MiniMind.Coordinator.ToyWorld;

internal enum Language { English, Chinese }

/// <summary>One word, name or sentence pattern in both languages of the toy world.</summary>
internal sealed record Bilingual(string English, string Chinese)
{
    public string In(Language language) => language == Language.English ? English : Chinese;

    /// <summary>Reads "baker 面包师, weaver 织工": pairs parted by commas, English first; an underscore stands for a space.</summary>
    public static IReadOnlyList<Bilingual> Pairs(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split(' ') switch
        {
            [var english, var chinese] => new Bilingual(english.Replace('_', ' '), chinese),
            _ => throw new FormatException($"'{pair}' is no pair of an English and a Chinese word."),
        })];
}

internal static class Languages
{
    public static readonly IReadOnlyList<Language> All = [Language.English, Language.Chinese];

    /// <summary>The code written to questions.jsonl (ISO 639-1).</summary>
    public static string Code(this Language language) => language == Language.English ? "en" : "zh";
}
