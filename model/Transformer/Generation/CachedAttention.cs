using MiniMind.Transformer.Layers;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Generation;

/// <summary>
/// Attention of S new tokens per sequence to themselves and everything in a <see cref="KeyValueCache"/>. Letters: B sequences, H query heads,
/// K key-value heads, G = H / K, C columns after appending, W head width.
/// </summary>
internal sealed class CachedAttention : IAttention, IDisposable
{
    private readonly KeyValueCache cache;
    private readonly int steps;
    private readonly Tensor? mask;

    /// <param name="cache">Gets the new keys and values; the caller advances it after the last layer.</param>
    /// <param name="steps">S.</param>
    /// <param name="padding">Unused columns on the left of each sequence; empty when there are none.</param>
    /// <param name="keyValueHeads">K.</param>
    /// <param name="device">Where the cache is.</param>
    public CachedAttention(KeyValueCache cache, int steps, IReadOnlyList<int> padding, int keyValueHeads, Device device)
    {
        this.cache = cache;
        this.steps = steps;
        var padded = padding.Any(columns => columns > 0);
        var causalFromStart = cache.Columns == 0 || steps == 1;
        mask = padded || !causalFromStart ? Mask(padded ? padding : new int[cache.Sequences], keyValueHeads, device) : null;
    }

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        long sequences = cache.Sequences, shared = keys.size(1), group = queries.size(1) / shared, width = queries.size(2);
        var (allKeys, allValues) = cache.Append(layer, PerSequence(keys), PerSequence(values));
        var columns = allKeys.size(2);
        var queries_BKGSW = queries.view(sequences, steps, shared, group, width).permute(0, 2, 3, 1, 4).reshape(sequences * shared, group, steps, width);
        var keys_BKGCW = allKeys.reshape(sequences * shared, 1, columns, width).expand(-1, group, -1, -1);
        var values_BKGCW = allValues.reshape(sequences * shared, 1, columns, width).expand(-1, group, -1, -1);
        var attended = nn.functional.scaled_dot_product_attention(
            queries_BKGSW, keys_BKGCW, values_BKGCW, attn_mask: mask, is_casual: mask is null && steps > 1);
        return attended.view(sequences, shared, group, steps, width).permute(0, 3, 1, 2, 4).reshape(sequences * steps, shared * group * width);

        Tensor PerSequence(Tensor heads) => heads.view(sequences, steps, shared, width).transpose(1, 2);
    }

    public void Dispose() => mask?.Dispose();

    /// <summary>
    /// [B·K, 1, S, C]: 0 where column c is no padding and not after the query's own. Padding attends to itself, so that its
    /// values, which nobody reads, stay finite.
    /// </summary>
    private Tensor Mask(IReadOnlyList<int> padding, int keyValueHeads, Device device)
    {
        var columns = cache.Columns + steps;
        var values = new float[padding.Count * steps * columns];
        Array.Fill(values, float.NegativeInfinity);
        for (var sequence = 0; sequence < padding.Count; sequence++)
        {
            for (var step = 0; step < steps; step++)
            {
                var last = cache.Columns + step;
                var first = Math.Min(padding[sequence], last);
                values.AsSpan((sequence * steps + step) * columns + first, last - first + 1).Clear();
            }
        }

        using var scope = NewDisposeScope();
        return tensor(values, [padding.Count, 1, steps, columns], device: device)
            .expand(padding.Count, keyValueHeads, steps, columns).reshape(padding.Count * keyValueHeads, 1, steps, columns).DetachFromDisposeScope();
    }
}
