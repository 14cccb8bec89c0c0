using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;

namespace MiniMind.Protos;

/// <summary>The hash that chains ledger entries; workers and coordinator compute it alike.</summary>
public static class LedgerChain
{
    /// <summary>Bytes of a hash (SHA-256).</summary>
    public const int HashSize = 32;

    /// <summary>Bytes of a digest of the weights.</summary>
    public const int DigestSize = 16;

    /// <summary>Head of an empty ledger: 32 zero bytes.</summary>
    public static readonly ByteString Origin = ByteString.CopyFrom(new byte[HashSize]);

    /// <summary>
    /// SHA-256 over previous hash, stage, step, sample range, sums, weights digest and skip mark, little-endian, in the order of the message's fields.
    /// Contains nothing about placement, so every rank computes the same value.
    /// </summary>
    public static ByteString Hash(LedgerEntry entry)
    {
        Span<byte> data = stackalloc byte[HashSize + 4 + 3 * 8 + 6 * 8 + DigestSize + 1];
        var at = 0;
        Append(data, ref at, entry.Previous, HashSize);
        BinaryPrimitives.WriteInt32LittleEndian(data[at..], entry.StageIndex);
        at += 4;
        ReadOnlySpan<long> numbers =
        [
            entry.Step, entry.FirstSample, entry.EndSample,
            BitsOf(entry.Sums.LossNumerator), entry.Sums.Targets,
            BitsOf(entry.Sums.AuxiliaryLoss), entry.Sums.Correct, entry.Sums.Tokens, entry.Sums.Sequences,
        ];
        foreach (var number in numbers)
        {
            BinaryPrimitives.WriteInt64LittleEndian(data[at..], number);
            at += 8;
        }
        Append(data, ref at, entry.WeightsDigest, DigestSize);
        data[at] = entry.Skipped ? (byte)1 : (byte)0;
        return ByteString.CopyFrom(SHA256.HashData(data));
    }

    /// <summary>There are many NaNs, but text knows one: all have the same bits here.</summary>
    private static long BitsOf(double value) => BitConverter.DoubleToInt64Bits(double.IsNaN(value) ? double.NaN : value);

    private static void Append(Span<byte> data, ref int at, ByteString bytes, int size)
    {
        if (bytes.Length != size) throw new ArgumentException($"expected {size} bytes in a ledger entry, found {bytes.Length}");
        bytes.Span.CopyTo(data[at..]);
        at += size;
    }
}
