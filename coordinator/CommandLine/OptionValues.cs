using System.CommandLine.Parsing;
using System.Globalization;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>Reads the values of options, and says what is expected where one is wrong.</summary>
internal static class OptionValues
{
    public static int? Count(ArgumentResult result) => Read<int>(result, "a whole number of at least 1",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 ? count : null);

    public static int? CountOrNone(ArgumentResult result) => Read<int>(result, "a whole number of at least 0",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : null);

    public static ulong Seed(ArgumentResult result) => Read<ulong>(result, $"a whole number from 0 to {ulong.MaxValue}",
        text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed : null) ?? 0;

    /// <summary>Between 0 and 1, both excluded.</summary>
    public static double Fraction(ArgumentResult result) => Read<double>(result, "a part above 0 and below 1",
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double part) && part is > 0 and < 1 ? part : null) ?? 0;

    /// <summary>Above 0, at most 1.</summary>
    public static double Share(ArgumentResult result) => Read<double>(result, "a part above 0, at most 1",
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double part) && part is > 0 and <= 1 ? part : null) ?? 1;

    /// <summary>Days, hours or minutes: 30d, 12h, 5m.</summary>
    public static TimeSpan? Age(ArgumentResult result) => Read<TimeSpan>(result, "days, hours or minutes such as 30d, 12h or 5m", text =>
    {
        if (text.Length < 2 || !double.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double amount) || !(amount is >= 0 and <= 1e5)) return null;
        return text[^1] switch
        {
            'd' => TimeSpan.FromDays(amount),
            'h' => TimeSpan.FromHours(amount),
            'm' => TimeSpan.FromMinutes(amount),
            _ => null,
        };
    });

    /// <summary>Bytes, or thousands, millions … of them: 500MB, 20GB.</summary>
    public static long? Size(ArgumentResult result) => Read<long>(result, "a size such as 500MB or 20GB", text =>
    {
        (string Unit, double Bytes)[] units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1), ("", 1)];
        var (unit, bytes) = units.First(candidate => text.EndsWith(candidate.Unit, StringComparison.OrdinalIgnoreCase));
        return double.TryParse(text[..^unit.Length], NumberStyles.Float, CultureInfo.InvariantCulture, out double amount) && amount * bytes is >= 0 and <= 1e18 ? (long)(amount * bytes) : null;
    });

    private static T? Read<T>(ArgumentResult result, string expected, Func<string, T?> read)
        where T : struct
    {
        string text = result.Tokens[0].Value;
        if (read(text) is { } value) return value;
        string option = (result.Parent as OptionResult)?.IdentifierToken?.Value ?? result.Argument.Name;
        result.AddError($"{option}: expected {expected}, found '{text}'");
        return null;
    }
}
