using System.Globalization;
using System.Text.RegularExpressions;

namespace MiniMind.Chaos.Network;

/// <summary>Bits per second of a link, as tc spells them.</summary>
public sealed partial record LinkRate(long BitsPerSecond)
{
    // What a link may send at once: a hundredth of a second, and no less than the largest packet of the kernel's.
    private const int BurstsPerSecond = 100;
    private const long LeastBurst = 64 << 10;

    /// <summary>Bytes that may pass at once.</summary>
    public long Burst => Math.Max(LeastBurst, BitsPerSecond / 8 / BurstsPerSecond);

    /// <summary>From bytes per second.</summary>
    public static LinkRate OfBytes(long bytesPerSecond) => new(8 * bytesPerSecond);

    /// <summary>Reads 100mbit, 1gbit, 500kbit.</summary>
    /// <returns>Null when it is none of these.</returns>
    public static LinkRate? Parse(string text)
    {
        var match = Spelling().Match(text);
        if (!match.Success) return null;
        var unit = match.Groups[2].Value switch { "k" => 1000L, "m" => 1000_000L, "g" => 1000_000_000L, _ => 1L };
        return new LinkRate(unit * int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public override string ToString() => (BitsPerSecond % 1000, BitsPerSecond % 1000_000) switch
    {
        (_, 0) => string.Create(CultureInfo.InvariantCulture, $"{BitsPerSecond / 1000_000}mbit"),
        (0, _) => string.Create(CultureInfo.InvariantCulture, $"{BitsPerSecond / 1000}kbit"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{BitsPerSecond}bit"),
    };

    [GeneratedRegex("^([1-9][0-9]{0,5})([kmg]?)bit$")]
    private static partial Regex Spelling();
}
