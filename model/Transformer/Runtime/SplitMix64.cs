namespace MiniMind.Transformer.Runtime;

/// <summary>
/// A seeded random generator of which value n is a function of (seed, n) alone. Source: Steele, Lea and Flood 2014, "Fast
/// splittable pseudorandom number generators".
/// </summary>
internal struct SplitMix64(ulong seed)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private const double Unit = 1.0 / (1UL << 53);
    private ulong state = seed;

    /// <summary>Value <paramref name="index"/> of the sequence of <paramref name="seed"/>.</summary>
    public static ulong At(ulong seed, ulong index) => Mix(seed + Golden * (index + 1));

    /// <summary>The upper 53 bits as a number in [0, 1).</summary>
    public static double ToUnit(ulong bits) => (bits >> 11) * Unit;

    /// <summary>The next number in [0, 1).</summary>
    public double NextDouble() => ToUnit(Mix(state += Golden));

    /// <summary>A bijection whose output looks random.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
