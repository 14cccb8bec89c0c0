using System.Text;
using System.IO.Hashing;

namespace MiniMind.Transformer.Training;

/// <summary>
/// First weights, the same bits on every device and for any number of threads: each value is a function of (seed, name of the
/// parameter, index), so nothing depends on order.
/// </summary>
public static class ParameterInitializer
{
    /// <summary>Standard deviation of matrices and embeddings, as MiniMind draws them.</summary>
    public const double StandardDeviation = 0.02;

    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>Fills one parameter: N(0, <see cref="StandardDeviation"/>) for matrices, ones for norms (vectors).</summary>
    /// <param name="slot">Which one.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="values">Its elements, all overwritten.</param>
    public static void Fill(ParameterSlot slot, ulong seed, Span<float> values)
    {
        if (slot.Shape.Count == 1)
        {
            values.Fill(1f);
            return;
        }

        var stream = Mix(seed ^ XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(slot.Name)));
        for (var i = 0; i < values.Length; i += 2)
        {
            var (first, second) = NormalPair(Mix(stream + Golden * (ulong)(i + 1)), Mix(stream + Golden * (ulong)(i + 2)));
            values[i] = (float)(StandardDeviation * first);
            if (i + 1 < values.Length) values[i + 1] = (float)(StandardDeviation * second);
        }
    }

    /// <summary>Two independent N(0, 1). Source: Box and Muller 1958.</summary>
    private static (double First, double Second) NormalPair(ulong a, ulong b)
    {
        const double unit = 1.0 / (1UL << 53);
        var radius = Math.Sqrt(-2 * Math.Log(((a >> 11) + 1) * unit));
        var (sine, cosine) = Math.SinCos(2 * Math.PI * ((b >> 11) * unit));
        return (radius * cosine, radius * sine);
    }

    /// <summary>A bijection that looks random. Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
