using System.Numerics;

namespace MiniMind.Text.Packing;

/// <summary>
/// The generator xoshiro256**, seeded through SplitMix64 (Blackman and Vigna 2021, https://prng.di.unimi.it). Written out here
/// because orders of samples must be the same on every version of .NET.
/// </summary>
internal sealed class Xoshiro256
{
    private ulong _a, _b, _c, _d;

    public Xoshiro256(params ReadOnlySpan<ulong> seeds)
    {
        ulong state = 0;
        foreach (ulong seed in seeds) state = SplitMix(ref state) ^ seed;
        (_a, _b, _c, _d) = (SplitMix(ref state), SplitMix(ref state), SplitMix(ref state), SplitMix(ref state));
    }

    public ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        ulong shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>Uniform in 0 .. bound-1, without bias (Lemire 2019).</summary>
    public ulong Below(ulong bound)
    {
        ulong threshold = unchecked(0UL - bound) % bound;
        while (true)
        {
            ulong high = Math.BigMul(Next(), bound, out ulong low);
            if (low >= threshold) return high;
        }
    }

    private static ulong SplitMix(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
