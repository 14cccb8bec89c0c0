using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>
/// Attention inside the documents of packed sequences, one scaled-dot-product call per <see cref="AttentionWindow"/>. Letters: N
/// tokens, H query heads, K key-value heads, G = H / K, W head width. The batch dimension of a call is K and its head dimension
/// G, so that keys and values are shared by a stride of zero and never copied.
/// </summary>
public sealed class WindowedAttention : IAttention, IDisposable
{
    private readonly long[] lengths;
    private readonly Tensor?[] masks;

    public WindowedAttention(IReadOnlyList<AttentionWindow> windows, Device device)
    {
        lengths = [.. windows.Select(window => (long)window.Length)];
        masks = [.. windows.Select(window => window.Documents.Count == 1 ? null : BlockDiagonal(window, device))];
    }

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        long tokens = queries.size(0), width = queries.size(2), shared = keys.size(1), group = queries.size(1) / shared;
        var queries_KGNW = queries.view(tokens, shared, group, width).permute(1, 2, 0, 3);
        var keys_KGNW = keys.permute(1, 0, 2).unsqueeze(1).expand(shared, group, tokens, width);
        var values_KGNW = values.permute(1, 0, 2).unsqueeze(1).expand(shared, group, tokens, width);
        var attended_KGNW = lengths.Length == 1
            ? Window(queries_KGNW, keys_KGNW, values_KGNW, masks[0])
            : PerWindow(queries_KGNW, keys_KGNW, values_KGNW);
        return attended_KGNW.permute(2, 0, 1, 3).reshape(tokens, shared * group * width);
    }

    public void Dispose()
    {
        foreach (var mask in masks) mask?.Dispose();
    }

    /// <summary>Splits once: the backward of a split is one concatenation, that of many slices is as many full-size sums.</summary>
    private Tensor PerWindow(Tensor queries, Tensor keys, Tensor values)
    {
        var queryParts = queries.split(lengths, 2);
        var keyParts = keys.split(lengths, 2);
        var valueParts = values.split(lengths, 2);
        var parts = new Tensor[lengths.Length];
        for (var i = 0; i < parts.Length; i++) parts[i] = Window(queryParts[i], keyParts[i], valueParts[i], masks[i]);
        return cat(parts, 2);
    }

    private static Tensor Window(Tensor queries, Tensor keys, Tensor values, Tensor? mask) =>
        nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask: mask, is_casual: mask is null);

    /// <summary>[1, 1, L, L]: 0 where a token may attend (itself and earlier ones of its document), else minus infinity.</summary>
    private static Tensor BlockDiagonal(AttentionWindow window, Device device)
    {
        var length = window.Length;
        var mask = new float[length * length];
        Array.Fill(mask, float.NegativeInfinity);
        var start = 0;
        foreach (var document in window.Documents)
        {
            for (var row = start; row < start + document; row++) mask.AsSpan(row * length + start, row - start + 1).Clear();
            start += document;
        }

        return tensor(mask, [1, 1, length, length], device: device).DetachFromDisposeScope();
    }
}
