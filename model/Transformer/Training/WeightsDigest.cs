using System.Runtime.InteropServices;
using MiniMind.Text.Weights;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Training;

/// <summary>Fingerprint of buffers that should be equal on all ranks, by the rule of <see cref="BlockDigest"/>.</summary>
public static class WeightsDigest
{
    /// <summary>Digest of several buffers in order, as for a copy of a whole state.</summary>
    public static UInt128 Compute(params IReadOnlyList<ReadOnlyMemory<float>> buffers)
    {
        var blocks = new List<ReadOnlyMemory<float>>();
        const int elements = BlockDigest.BlockSize / sizeof(float);
        foreach (var buffer in buffers)
        {
            for (var start = 0; start < buffer.Length; start += elements) blocks.Add(buffer.Slice(start, Math.Min(elements, buffer.Length - start)));
        }

        var hashes = new UInt128[blocks.Count];
        FixedBlocks.For(hashes.Length, block => hashes[block] = BlockDigest.OfBlock(MemoryMarshal.AsBytes(blocks[block].Span)));
        return BlockDigest.Combine(hashes);
    }
}
