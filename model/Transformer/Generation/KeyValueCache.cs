using MiniMind.Text.Configuration;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Generation;

/// <summary>
/// Keys and values of the tokens so far, for B sequences side by side: per layer [B, K, capacity, W], allocated once. All
/// sequences end in the same column; shorter ones are padded on the left.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] keys;
    private readonly Tensor[] values;

    public KeyValueCache(ModelConfig config, int sequences, int capacity, Device device)
    {
        Sequences = sequences;
        keys = Allocate();
        values = Allocate();

        Tensor[] Allocate() => [.. Enumerable.Range(0, config.Layers).Select(_ =>
            zeros(sequences, config.KeyValueHeads, capacity, config.HeadWidth, device: device).DetachFromDisposeScope())];
    }

    /// <summary>B, the sequences still in the cache.</summary>
    public int Sequences { get; private set; }

    /// <summary>Columns in use.</summary>
    public int Columns { get; private set; }

    /// <summary>Stores the keys and values [B, K, S, W] of the next S columns of one layer; all columns so far come back.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor newKeys, Tensor newValues)
    {
        var steps = newKeys.size(2);
        keys[layer].narrow(2, Columns, steps).copy_(newKeys);
        values[layer].narrow(2, Columns, steps).copy_(newValues);
        return (keys[layer].narrow(2, 0, Columns + steps), values[layer].narrow(2, 0, Columns + steps));
    }

    /// <summary>Counts the columns that every layer has appended.</summary>
    public void Advance(int steps) => Columns += steps;

    /// <summary>Keeps only the given sequences, in this order.</summary>
    public void Keep(IReadOnlyList<int> sequences)
    {
        using var rows = tensor(sequences.Select(row => (long)row).ToArray(), device: keys[0].device);
        foreach (var buffers in new[] { keys, values })
        {
            for (var layer = 0; layer < buffers.Length; layer++)
            {
                using var old = buffers[layer];
                buffers[layer] = old.index_select(0, rows).DetachFromDisposeScope();
            }
        }

        Sequences = sequences.Count;
    }

    public void Dispose()
    {
        foreach (var buffer in keys.Concat(values)) buffer.Dispose();
    }
}
