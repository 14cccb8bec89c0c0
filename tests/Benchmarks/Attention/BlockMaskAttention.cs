using MiniMind.Transformer.Layers;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>
/// One scaled-dot-product call per packed row, with a boolean mask [T, T] that is true inside a document and not in the future:
/// what most trainers of packed sequences do. Shapes as in <see cref="IAttention"/>; G = H / K.
/// </summary>
public sealed class BlockMaskAttention : IAttention, IDisposable
{
    private readonly Tensor[] masks;
    private readonly int length;

    public BlockMaskAttention(DocumentRows rows, Device device)
    {
        length = rows.SequenceLength;
        masks = [.. rows.Rows.Select(row => Mask(row, device))];
    }

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        long tokens = queries.size(0), width = queries.size(2), shared = keys.size(1), group = queries.size(1) / shared;
        var queryRows = queries.view(tokens, shared, group, width).permute(1, 2, 0, 3).split(length, 2);
        var keyRows = keys.permute(1, 0, 2).unsqueeze(1).expand(shared, group, tokens, width).split(length, 2);
        var valueRows = values.permute(1, 0, 2).unsqueeze(1).expand(shared, group, tokens, width).split(length, 2);
        var attended = new Tensor[masks.Length];
        for (var row = 0; row < masks.Length; row++)
            attended[row] = nn.functional.scaled_dot_product_attention(queryRows[row], keyRows[row], valueRows[row], attn_mask: masks[row]);
        return cat(attended, 2).permute(2, 0, 1, 3).reshape(tokens, shared * group * width);
    }

    public void Dispose()
    {
        foreach (var mask in masks) mask.Dispose();
    }

    private static Tensor Mask(int[] documents, Device device)
    {
        var length = documents.Sum();
        var mask = new bool[length * length];
        var start = 0;
        foreach (var document in documents)
        {
            for (var row = start; row < start + document; row++) mask.AsSpan(row * length + start, row - start + 1).Fill(true);
            start += document;
        }

        return tensor(mask, [1, 1, length, length], device: device).DetachFromDisposeScope();
    }
}
