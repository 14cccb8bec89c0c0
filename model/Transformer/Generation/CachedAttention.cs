using MiniMind.Transformer.Layers;
using MiniMind.Transformer.Runtime;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Generation;

/// <summary>
/// Attention of S new tokens per sequence to themselves and everything in a <see cref="KeyValueCache"/>. Letters: B sequences, H query heads,
/// K key-value heads, G = H / K, C columns after appending, W head width. One mask serves all heads of a sequence.
/// </summary>
internal sealed class CachedAttention : IAttention, IDisposable
{
    private readonly KeyValueCache cache;
    private readonly int steps;
    private readonly Tensor? mask;

    /// <param name="cache">Gets the new keys and values; the caller advances it after the last layer.</param>
    /// <param name="steps">S.</param>
    /// <param name="padding">Unused columns on the left of each sequence; empty when there are none.</param>
    /// <param name="device">Where the cache is.</param>
    public CachedAttention(KeyValueCache cache, int steps, IReadOnlyList<int> padding, Device device)
    {
        this.cache = cache;
        this.steps = steps;
        var padded = padding.Any(columns => columns > 0);
        var causalFromStart = cache.Columns == 0 || steps == 1;
        mask = padded || !causalFromStart ? Mask(padded ? padding : new int[cache.Sequences], device) : null;
    }

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        long sequences = cache.Sequences, heads = queries.size(1), shared = keys.size(1), group = heads / shared, width = queries.size(2);
        var (keys_BKCW, values_BKCW) = cache.Append(layer, PerSequence(keys, shared), PerSequence(values, shared));
        if (steps == 1)
        {
            // The group's queries stand where the steps would: they all see the same columns, so no key is repeated.
            var attended_BKGW = nn.functional.scaled_dot_product_attention(queries.view(sequences, shared, group, width), keys_BKCW, values_BKCW, attn_mask: mask);
            return attended_BKGW.reshape(sequences, heads * width);
        }

        var attended_BHSW = nn.functional.scaled_dot_product_attention(
            PerSequence(queries, heads), PerQueryHead(keys_BKCW), PerQueryHead(values_BKCW), attn_mask: mask, is_casual: mask is null);
        return attended_BHSW.transpose(1, 2).reshape(sequences * steps, heads * width);

        Tensor PerSequence(Tensor tokens, long count) => tokens.view(sequences, steps, count, width).transpose(1, 2);

        // A copy where a group has several queries, but only of a prompt, and no larger than the queries beside it.
        Tensor PerQueryHead(Tensor entries_BKCW)
        {
            var columns = entries_BKCW.size(2);
            return entries_BKCW.unsqueeze(2).expand(sequences, shared, group, columns, width).reshape(sequences, heads, columns, width);
        }
    }

    public void Dispose() => mask?.Dispose();

    /// <summary>
    /// [B, 1, S, C]: 0 where column c is no padding and not after the query's own. Padding attends to itself, so that its
    /// values, which nobody reads, stay finite.
    /// </summary>
    private Tensor Mask(IReadOnlyList<int> padding, Device device)
    {
        using var scope = NewDisposeScope();
        var columns = Numbers(0, cache.Columns + steps);
        var last_S1 = Numbers(cache.Columns, steps).view(-1, 1);
        var first_B1S1 = minimum(tensor(padding.Select(column => (long)column).ToArray(), [padding.Count, 1, 1, 1], device: device), last_S1);
        var hidden = columns.lt(first_B1S1).logical_or_(columns.gt(last_S1));
        return zeros(hidden.shape, device: device).masked_fill_(hidden, Scalars.NegativeInfinity).DetachFromDisposeScope();

        Tensor Numbers(int first, int count) => tensor(Enumerable.Range(first, count).Select(column => (long)column).ToArray(), device: device);
    }
}
