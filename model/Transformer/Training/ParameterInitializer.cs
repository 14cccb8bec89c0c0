using System.IO.Hashing;
using System.Text;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Training;

/// <summary>
/// First weights, the same bits on every device and for any number of threads: each value is a function of (seed, name of the
/// parameter, index), so nothing depends on order.
/// </summary>
public static class ParameterInitializer
{
    /// <summary>Fills one parameter: N(0, standard deviation) for matrices, ones for norms (vectors).</summary>
    /// <param name="slot">Which one.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="standardDeviation">Of matrices and embeddings; MiniMind draws them with 0.02.</param>
    /// <param name="values">Its elements, all overwritten.</param>
    public static void Fill(ParameterSlot slot, ulong seed, double standardDeviation, Span<float> values)
    {
        if (slot.Shape.Count == 1)
        {
            values.Fill(1f);
            return;
        }

        var stream = SplitMix64.Mix(seed ^ XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(slot.Name)));
        for (var i = 0; i < values.Length; i += 2)
        {
            var (first, second) = NormalPair(SplitMix64.At(stream, (ulong)i), SplitMix64.At(stream, (ulong)i + 1));
            values[i] = (float)(standardDeviation * first);
            if (i + 1 < values.Length) values[i + 1] = (float)(standardDeviation * second);
        }
    }

    /// <summary>Two independent N(0, 1) from 128 random bits. Source: Box and Muller 1958.</summary>
    private static (double First, double Second) NormalPair(ulong a, ulong b)
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - SplitMix64.ToUnit(a)));
        var (sine, cosine) = Math.SinCos(2 * Math.PI * SplitMix64.ToUnit(b));
        return (radius * cosine, radius * sine);
    }
}
