using System.Numerics;
using System.Runtime.InteropServices;
using MiniMind.Transformer.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Training;

/// <summary>
/// Backward of the embedding look-up, straight into the flat gradient: autograd's own would fill and add a whole [V, D] tensor
/// for a few hundred rows. Rows are added in the order of the tokens.
/// </summary>
internal static class EmbeddingGradient
{
    /// <summary>Adds row i of the gradient of <paramref name="embedded"/> to row ids[i] of the embedding's .grad.</summary>
    /// <param name="embedding">[V, D] with a .grad.</param>
    /// <param name="ids">[N].</param>
    /// <param name="embedded">Leaf [N, D] whose .grad backward has filled.</param>
    public static void Accumulate(Parameter embedding, Tensor ids, Tensor embedded)
    {
        using var target = embedding.grad!;
        using var source = embedded.grad!.contiguous();
        if (target.device_type != DeviceType.CPU)
        {
            target.index_add_(0, ids, source, Scalars.One);
            return;
        }

        var width = (int)target.size(1);
        var rows = MemoryMarshal.Cast<byte, float>(target.bytes);
        var added = MemoryMarshal.Cast<byte, float>(source.bytes);
        var order = MemoryMarshal.Cast<byte, long>(ids.bytes);
        for (var i = 0; i < order.Length; i++) AddRow(rows.Slice((int)order[i] * width, width), added.Slice(i * width, width));
    }

    private static void AddRow(Span<float> row, ReadOnlySpan<float> added)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= row.Length; i += Vector<float>.Count)
            (new Vector<float>(row[i..]) + new Vector<float>(added[i..])).CopyTo(row[i..]);
        for (; i < row.Length; i++) row[i] += added[i];
    }
}
