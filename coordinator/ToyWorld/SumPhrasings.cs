using System.Globalization;

namespace MiniMind.Coordinator.ToyWorld;

/// <summary>How sums are told and asked. Patterns hold {a}, {b} and, for statements, {c}.</summary>
internal static class SumPhrasings
{
    private static readonly string[] s_englishStatements =
        ["{a} plus {b} is {c}.", "{a} and {b} add up to {c}.", "The sum of {a} and {b} is {c}.", "If you add {a} and {b} you get {c}."];

    private static readonly string[] s_chineseStatements = ["{a}加{b}等于{c}。", "{a}和{b}加起来是{c}。", "{a}与{b}的和是{c}。", "把{a}和{b}相加得到{c}。"];

    private static readonly string[] s_englishQuestions =
        ["What is {a} plus {b}?", "What do {a} and {b} add up to?", "What is the sum of {a} and {b}?", "Add {a} and {b}."];

    private static readonly string[] s_chineseQuestions = ["{a}加{b}等于几？", "{a}和{b}加起来是多少？", "{a}与{b}的和是多少？", "把{a}和{b}相加。"];

    /// <summary>Ways to tell a sum, and to ask for one, in each language.</summary>
    public const int Count = 4;

    public static string State(Language language, int phrasing, Sum sum) =>
        Fill((language == Language.English ? s_englishStatements : s_chineseStatements)[phrasing], sum);

    public static string Ask(Language language, int phrasing, Sum sum) =>
        Fill((language == Language.English ? s_englishQuestions : s_chineseQuestions)[phrasing], sum);

    /// <summary>A sentence in English and the number in Chinese, for the reason at <see cref="Relation.EnglishAnswer"/>.</summary>
    public static string Answer(Language language, Sum sum) => language == Language.English ? $"That is {Total(sum)}." : Total(sum);

    public static string Total(Sum sum) => sum.Total.ToString(CultureInfo.InvariantCulture);

    private static string Fill(string pattern, Sum sum) =>
        pattern.Replace("{a}", sum.A.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{b}", sum.B.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{c}", Total(sum), StringComparison.Ordinal);
}
