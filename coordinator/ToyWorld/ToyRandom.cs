using System.Numerics;

namespace MiniMind.Coordinator.ToyWorld;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). The toy world's bytes are promised to be
/// the same on every machine and runtime, which <c>System.Random</c> does not promise.
/// </summary>
internal sealed class ToyRandom(ulong seed)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private ulong _state = seed;

    public ulong NextUInt64()
    {
        _state += Gamma;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A whole number in 0..bound-1. The bias is below bound / 2^64.</summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)Math.BigMul(NextUInt64(), (ulong)bound, out _);
    }

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>The same items in random order (Fisher and Yates), as a new list.</summary>
    public List<T> Shuffled<T>(IEnumerable<T> items)
    {
        var list = items.ToList();
        for (var last = list.Count - 1; last > 0; last--)
        {
            var other = Below(last + 1);
            (list[last], list[other]) = (list[other], list[last]);
        }
        return list;
    }

    /// <summary>A generator of its own for one named part, so that a change of one file of the world leaves the others' bytes alone.</summary>
    public static ToyRandom For(ulong seed, string part)
    {
        var hash = 0xCBF29CE484222325; // FNV-1a over UTF-16 code units
        foreach (var letter in part)
        {
            hash = (hash ^ letter) * 0x100000001B3;
        }
        return new ToyRandom(BitOperations.RotateLeft(seed * Gamma, 23) ^ hash);
    }
}
