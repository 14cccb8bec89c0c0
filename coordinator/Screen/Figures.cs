using System.Globalization;

namespace MiniMind.Coordinator.Screen;

/// <summary>Numbers as the screens spell them, the same on every machine.</summary>
internal static class Figures
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public const string None = "–";

    public static string Loss(double? loss) => loss is { } value ? value.ToString("0.0000", Invariant) : None;

    public static string Rate(double? rate) => rate is { } value ? value.ToString("0.00e+0", Invariant) : None;

    public static string Norm(double? norm) => norm is { } value ? value.ToString("0.000", Invariant) : None;

    /// <summary>A share 0..1 in percent, without the sign.</summary>
    public static string Percent(double? share) => share is { } value ? (100 * value).ToString("0.0", Invariant) : None;

    /// <summary>Three significant digits: 950, 12.3k, 4.56M.</summary>
    public static string Count(double? count) => count switch
    {
        null => None,
        >= 999_500_000 => Scaled(count.Value / 1e9) + "G",
        >= 999_500 => Scaled(count.Value / 1e6) + "M",
        >= 1000 => Scaled(count.Value / 1e3) + "k",
        _ => count.Value.ToString("0", Invariant),
    };

    /// <summary>Bytes in millions: 0.05 MB, 12.3 MB.</summary>
    public static string Megabytes(double bytes) => Scaled(bytes / 1e6) + " MB";

    /// <summary>Hours, minutes and seconds: 0:07, 12:34, 1:02:03.</summary>
    public static string Time(TimeSpan? time)
    {
        if (time is not { } value) return None;
        string rest = value.ToString(@"mm\:ss", Invariant);
        if (value.TotalHours >= 1) return string.Create(Invariant, $"{(long)value.TotalHours}:{rest}");
        return rest[0] == '0' ? rest[1..] : rest;
    }

    private static string Scaled(double value) => value.ToString(value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00", Invariant);
}
