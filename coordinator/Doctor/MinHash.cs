using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;

namespace MiniMind.Coordinator.Doctor;

/// <summary>
/// Signatures of texts of which about the same part agrees as the texts' shingles do (Jaccard similarity): one-permutation MinHash (Broder 1997; Li, Owen and
/// Zhang 2012), empty bins filled from their neighbours (Shrivastava and Li 2014). A shingle is eight letters or digits that follow each other, in lower case.
/// </summary>
internal static class MinHash
{
    /// <summary>Values of a signature.</summary>
    public const int Bins = 32;

    /// <summary>Texts with fewer shingles are too short to say anything about.</summary>
    public const int LeastShingles = 24;

    private const int ShingleLength = 8;

    /// <summary>The signature; null when the text is too short.</summary>
    public static uint[]? Of(string text)
    {
        char[] letters = [.. text.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)];
        int shingles = letters.Length - ShingleLength + 1;
        if (shingles < LeastShingles) return null;
        var smallest = new ulong[Bins];
        Array.Fill(smallest, ulong.MaxValue);
        for (int at = 0; at < shingles; at++)
        {
            ulong hash = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(letters.AsSpan(at, ShingleLength)));
            ref ulong bin = ref smallest[(int)(hash >> 59)];
            bin = Math.Min(bin, hash & ((1UL << 59) - 1));
        }

        var signature = new uint[Bins];
        for (int bin = 0; bin < Bins; bin++) signature[bin] = Value(smallest, bin);
        return signature;
    }

    /// <summary>About the Jaccard similarity of two texts.</summary>
    public static double Similarity(ReadOnlySpan<uint> left, ReadOnlySpan<uint> right)
    {
        int same = 0;
        for (int bin = 0; bin < Bins; bin++) same += left[bin] == right[bin] ? 1 : 0;
        return (double)same / Bins;
    }

    /// <summary>That of the next bin to the right that is not empty, changed by the distance.</summary>
    private static uint Value(ulong[] smallest, int bin)
    {
        for (int distance = 0; ; distance++)
            if (smallest[(bin + distance) % Bins] is not ulong.MaxValue and var value)
                return (uint)BitOperations.RotateLeft(value * 0x9E3779B97F4A7C15 + (ulong)distance * 0xD1B54A32D192ED03, 29);
    }
}
