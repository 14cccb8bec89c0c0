using System.Buffers.Binary;
using System.IO.Hashing;

namespace MiniMind.Text.Weights;

/// <summary>
/// The rule of the fingerprint that travels with weights: XxHash128 over the XxHash128 of fixed blocks, so that several threads can share the work, and a
/// file's tensors can be compared with what was trained. It finds accidents, not forgeries; files are verified by SHA-256.
/// </summary>
public static class BlockDigest
{
    /// <summary>Bytes per block: large enough that hashing the blocks' hashes costs nothing.</summary>
    public const int BlockSize = 1 << 20;

    /// <summary>Hash of one block; only a buffer's last one is shorter than <see cref="BlockSize"/>.</summary>
    public static UInt128 OfBlock(ReadOnlySpan<byte> block) => XxHash128.HashToUInt128(block);

    /// <summary>The digest of blocks in order, from their hashes.</summary>
    public static UInt128 Combine(ReadOnlySpan<UInt128> blocks)
    {
        var bytes = new byte[16 * blocks.Length];
        for (var i = 0; i < blocks.Length; i++) BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(16 * i), blocks[i]);
        return XxHash128.HashToUInt128(bytes);
    }

    /// <summary>The 16 bytes of a digest as ledgers and messages carry it, most significant first.</summary>
    public static byte[] ToBytes(UInt128 digest)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, digest);
        return bytes;
    }
}
