using MiniMind.Transformer.Layers;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>
/// Documents whose lengths round up to the same multiple of a step share one batched, causal call. Padding stands after a document,
/// so that no token attends to it and no mask is needed; its own outputs are dropped. Letters as in <see cref="IAttention"/>; G = H / K,
/// P padded tokens of all buckets, B documents of a bucket, L its padded length.
/// </summary>
public sealed class BucketedAttention : IAttention, IDisposable
{
    private readonly IReadOnlyList<int> documents;
    private readonly int step;
    private readonly Device device;
    private readonly List<(int Documents, int Length)> buckets = [];
    private Tensor? gather;
    private Tensor? scatter;
    private Tensor? padding;

    /// <param name="documents">Lengths, in order.</param>
    /// <param name="step">Lengths are rounded up to a multiple of it; 1: only equal lengths share a call.</param>
    public BucketedAttention(IReadOnlyList<int> documents, int step, Device device) => (this.documents, this.step, this.device) = (documents, step, device);

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        long tokens = queries.size(0), width = queries.size(2), shared = keys.size(1), group = queries.size(1) / shared;
        if (gather is null) Index((int)tokens, (int)shared);
        var rows = buckets.Select(bucket => shared * bucket.Documents * bucket.Length).ToArray();
        var queryParts = RowExchange.Take(queries.reshape(tokens * shared, group * width), gather!, scatter!).split(rows, 0);
        var keyParts = RowExchange.Take(keys.reshape(tokens * shared, width), gather!, scatter!).split(rows, 0);
        var valueParts = RowExchange.Take(values.reshape(tokens * shared, width), gather!, scatter!).split(rows, 0);
        var attended = new Tensor[buckets.Count];
        for (var i = 0; i < attended.Length; i++)
        {
            long batch = buckets[i].Documents * shared, length = buckets[i].Length;
            var result_BGLW = nn.functional.scaled_dot_product_attention(
                queryParts[i].view(batch, length, group, width).permute(0, 2, 1, 3),
                keyParts[i].view(batch, 1, length, width).expand(batch, group, length, width),
                valueParts[i].view(batch, 1, length, width).expand(batch, group, length, width),
                is_casual: true);
            attended[i] = result_BGLW.permute(0, 2, 1, 3).reshape(batch * length, group * width);
        }

        return RowExchange.Take(cat(attended, 0), scatter!, gather!, padding).view(tokens, shared * group * width);
    }

    public void Dispose()
    {
        gather?.Dispose();
        scatter?.Dispose();
        padding?.Dispose();
    }

    /// <summary>Rows are (token, key-value head) pairs; a bucket has them in the order document, head, token.</summary>
    private void Index(int tokens, int shared)
    {
        var starts = new int[documents.Count];
        for (var i = 1; i < starts.Length; i++) starts[i] = starts[i - 1] + documents[i - 1];
        var from = new List<long>();
        var to = new long[tokens * shared];
        var unused = new List<long>();
        foreach (var bucket in Enumerable.Range(0, documents.Count).GroupBy(i => (documents[i] + step - 1) / step * step).OrderBy(bucket => bucket.Key))
        {
            buckets.Add((bucket.Count(), bucket.Key));
            foreach (var document in bucket)
            {
                for (var head = 0; head < shared; head++)
                {
                    for (var i = 0; i < bucket.Key; i++)
                    {
                        var row = (starts[document] + Math.Min(i, documents[document] - 1)) * shared + head;
                        if (i < documents[document]) to[row] = from.Count;
                        else unused.Add(from.Count);
                        from.Add(row);
                    }
                }
            }
        }

        gather = tensor(from.ToArray(), device: device).DetachFromDisposeScope();
        scatter = tensor(to, device: device).DetachFromDisposeScope();
        padding = tensor(unused.ToArray(), device: device).DetachFromDisposeScope();
    }
}
