using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;

namespace MiniMind.Coordinator.Doctor;

/// <summary>
/// What texts are compared by: their shingles, eight letters or digits that follow each other, in lower case, and a signature of these of which about the same part agrees as
/// the shingles do (one-permutation MinHash: Broder 1997; Li, Owen and Zhang 2012; empty bins filled as by Shrivastava and Li 2014).
/// </summary>
/// <param name="Hashes">Of the distinct shingles, ascending; of very many the smallest, which are a fair sample.</param>
/// <param name="Signature">[<see cref="Bins"/>].</param>
internal sealed record Shingles(uint[] Hashes, uint[] Signature)
{
    /// <summary>Values of a signature.</summary>
    public const int Bins = 32;

    /// <summary>Texts with fewer shingles are too short to say anything about.</summary>
    public const int Least = 24;

    /// <summary>Shingles that are kept of a text.</summary>
    public const int Most = 4096;

    private const int Length = 8;

    /// <summary>Null when the text is too short.</summary>
    public static Shingles? Of(string text)
    {
        char[] letters = [.. text.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)];
        int count = letters.Length - Length + 1;
        if (count < Least) return null;
        var smallest = new ulong[Bins];
        Array.Fill(smallest, ulong.MaxValue);
        var hashes = new uint[count];
        for (int at = 0; at < count; at++)
        {
            ulong hash = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(letters.AsSpan(at, Length)));
            hashes[at] = (uint)hash;
            ref ulong bin = ref smallest[(int)(hash >> 59)];
            bin = Math.Min(bin, hash & ((1UL << 59) - 1));
        }

        Array.Sort(hashes);
        var signature = new uint[Bins];
        for (int bin = 0; bin < Bins; bin++) signature[bin] = Value(smallest, bin);
        return new Shingles([.. Distinct(hashes).Take(Most)], signature);
    }

    /// <summary>The part of all shingles of two texts that both have (Jaccard).</summary>
    public double Similarity(Shingles other)
    {
        var (left, right) = (Hashes, other.Hashes);
        int both = 0, all = 0;
        // Of texts with more shingles than were kept, only the smallest can be compared.
        int most = left.Length == Most || right.Length == Most ? Most : int.MaxValue;
        for (int i = 0, j = 0; (i < left.Length || j < right.Length) && all < most; all++)
        {
            // In 64 bits, so that the end of a list is beyond every hash.
            ulong one = i < left.Length ? left[i] : ulong.MaxValue, two = j < right.Length ? right[j] : ulong.MaxValue;
            if (one == two) both++;
            if (one <= two) i++;
            if (two <= one) j++;
        }

        return (double)both / all;
    }

    private static IEnumerable<uint> Distinct(uint[] sorted)
    {
        for (int at = 0; at < sorted.Length; at++)
            if (at == 0 || sorted[at] != sorted[at - 1])
                yield return sorted[at];
    }

    /// <summary>That of the next bin to the right that is not empty, changed by the distance.</summary>
    private static uint Value(ulong[] smallest, int bin)
    {
        for (int distance = 0; ; distance++)
            if (smallest[(bin + distance) % Bins] is not ulong.MaxValue and var value)
                return (uint)BitOperations.RotateLeft(value * 0x9E3779B97F4A7C15 + (ulong)distance * 0xD1B54A32D192ED03, 29);
    }
}
