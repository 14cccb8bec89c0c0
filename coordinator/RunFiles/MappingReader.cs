using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>
/// Takes typed values out of one YAML mapping. A wrong value is reported and replaced by the default, so that reading goes on and
/// finds the next fault. Keys that nobody asked for are the unknown ones.
/// </summary>
internal sealed class MappingReader(YamlMappingNode node, string prefix, FaultList faults)
{
    private readonly HashSet<string> _asked = [];

    public YamlMappingNode Node => node;

    /// <summary>The value of a key; null when it is absent.</summary>
    public YamlNode? Find(string key)
    {
        _asked.Add(key);
        return Overrides.Find(node, key);
    }

    public long Integer(string key, long fallback, long least, long most)
    {
        if (Find(key) is not { } value) return fallback;
        if (PlainText(value) is { } text && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && number >= least && number <= most) return number;
        return Reject(value, key, $"a whole number {Range(least, most)}", fallback);
    }

    public int Integer32(string key, int fallback, int least, int most) => (int)Integer(key, fallback, least, most);

    public ulong Seed(string key, ulong fallback)
    {
        if (Find(key) is not { } value) return fallback;
        if (PlainText(value) is { } text && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)) return number;
        return Reject(value, key, "a whole number from 0 to 18446744073709551615", fallback);
    }

    public double Number(string key, double fallback, Func<double, bool> accepts, string expected)
    {
        if (Find(key) is not { } value) return fallback;
        return TryNumber(value, out double number) && accepts(number) ? number : Reject(value, key, expected, fallback);
    }

    /// <summary>One of a few words.</summary>
    public string Choice(string key, string fallback, IReadOnlyList<string> choices)
    {
        if (Find(key) is not { } value) return fallback;
        if (value is YamlScalarNode { Value: { } word })
        {
            if (choices.Contains(word)) return word;
            string fix = choices.Count > 1 ? NearestWord.Suggest(word, choices) : "only this one is known so far";
            faults.Add(value, Full(key), string.Join(" or ", choices), RunFileText.Describe(value), fix);
            return fallback;
        }

        return Reject(value, key, string.Join(" or ", choices), fallback);
    }

    /// <summary>A text that is not empty.</summary>
    public string? Text(string key)
    {
        if (Find(key) is not { } value) return null;
        return value is YamlScalarNode { Value.Length: > 0 } scalar && scalar.Value is not ("~" or "null")
            ? scalar.Value
            : Reject<string?>(value, key, "a text", null);
    }

    /// <summary>A name for folders and logs: letters, digits, '-', '_' and, where allowed, '.'.</summary>
    public string Name(string key, string fallback, bool dots)
    {
        if (Text(key) is not { } text) return fallback;
        bool fits = text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' || (dots && c == '.')) && text.Trim('.').Length > 0;
        return fits ? text : Reject(Find(key)!, key, dots ? "letters, digits, '-', '_' and '.'" : "letters, digits, '-' and '_'", fallback);
    }

    /// <summary>Reports every key that no call asked for, with the nearest one that was.</summary>
    public void RejectUnknownKeys()
    {
        foreach (var key in node.Children.Keys)
        {
            string? name = (key as YamlScalarNode)?.Value;
            if (name is not null && _asked.Contains(name)) continue;
            faults.Add(key, Full(name ?? "?"), "a known key", RunFileText.Describe(key), NearestWord.Suggest(name ?? "", _asked));
        }
    }

    public string Full(string key) => prefix.Length == 0 ? key : $"{prefix}.{key}";

    /// <summary>Reports a fault of a key, at its value when there is one and else at the mapping.</summary>
    public void Fault(string key, string expected, string found, string fix) =>
        faults.Add(Overrides.Find(node, key) ?? node, Full(key), expected, found, fix);

    public static bool TryNumber(YamlNode value, out double number)
    {
        number = 0;
        return PlainText(value) is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
    }

    private static string? PlainText(YamlNode value) => value is YamlScalarNode { Style: ScalarStyle.Plain } scalar ? scalar.Value : null;

    private T Reject<T>(YamlNode value, string key, string expected, T fallback)
    {
        bool quoted = value is YamlScalarNode { Style: ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted } && expected.Contains("number", StringComparison.Ordinal);
        string fix = quoted ? "remove the quotes" : fallback is null ? "give one" : $"for example {Convert.ToString(fallback, CultureInfo.InvariantCulture)}";
        faults.Add(value, Full(key), expected, RunFileText.Describe(value), fix);
        return fallback;
    }

    private static string Range(long least, long most) => most == long.MaxValue ? $"of at least {least}" : $"from {least} to {most}";
}
