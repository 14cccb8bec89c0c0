using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Training;

/// <summary>
/// Fingerprint of buffers that should be equal on all ranks: XxHash128 over the XxHash128 of fixed blocks, so that several
/// threads can share the work. It finds accidents, not forgeries; files are verified by SHA-256.
/// </summary>
public static class WeightsDigest
{
    /// <summary>Bytes per block: large enough that hashing the blocks' hashes costs nothing.</summary>
    public const int BlockSize = 1 << 20;

    /// <summary>Digest of several buffers in order, as for a copy of a whole state.</summary>
    public static UInt128 Compute(params IReadOnlyList<ReadOnlyMemory<float>> buffers)
    {
        var blocks = new List<ReadOnlyMemory<float>>();
        const int elements = BlockSize / sizeof(float);
        foreach (var buffer in buffers)
        {
            for (var start = 0; start < buffer.Length; start += elements) blocks.Add(buffer.Slice(start, Math.Min(elements, buffer.Length - start)));
        }

        var hashes = new UInt128[blocks.Count];
        FixedBlocks.For(hashes.Length, block => hashes[block] = XxHash128.HashToUInt128(MemoryMarshal.AsBytes(blocks[block].Span)));
        var bytes = new byte[16 * hashes.Length];
        for (var i = 0; i < hashes.Length; i++) BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(16 * i), hashes[i]);
        return XxHash128.HashToUInt128(bytes);
    }
}
