using MiniMind.Transformer.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Tests.Generation;

public sealed class CachedAttentionTests
{
    private const int Width = 8;
    private const int Heads = 4;
    private const int Shared = 2;

    /// <summary>A prompt, single tokens and several at once after it, with and without padding, against softmax written out.</summary>
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 2, 4)]
    [InlineData(3, 1, 0)]
    public void Attend_equals_attention_written_out(params int[] padding)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var config = Sample.Config with { Heads = Heads, HiddenSize = Heads * Width, KeyValueHeads = Shared, Layers = 1 };
        using var cache = new KeyValueCache(config, padding.Length, capacity: 12, CPU);
        var (keys, values) = (new List<Tensor>(), new List<Tensor>());
        foreach (var steps in new[] { 5, 1, 3, 1 })
        {
            var queries = Random(Heads, steps);
            keys.Add(Random(Shared, steps));
            values.Add(Random(Shared, steps));
            using var attention = new CachedAttention(cache, steps, padding, CPU);

            var attended = attention.Attend(0, Tokens(queries), Tokens(keys[^1]), Tokens(values[^1])).view(padding.Length, steps, Heads, Width);

            cache.Advance(steps);
            for (var sequence = 0; sequence < padding.Length; sequence++)
            {
                for (var step = Math.Max(0, padding[sequence] - cache.Columns + steps); step < steps; step++)
                {
                    for (var head = 0; head < Heads; head++)
                    {
                        var expected = WrittenOut(queries[sequence, step, head], All(keys, sequence, head), All(values, sequence, head), padding[sequence], cache.Columns - steps + step);
                        Assert.InRange(Sample.RelativeError(attended[sequence, step, head].data<float>().ToArray(), expected.data<float>().ToArray()), 0, 1e-5);
                    }
                }
            }
        }

        Tensor Random(int heads, int steps) => randn([padding.Length, steps, heads, Width], generator: generator);
    }

    /// <summary>[B, S, heads, W] as the decoder's [B·S, heads, W].</summary>
    private static Tensor Tokens(Tensor heads_BSHW) => heads_BSHW.flatten(0, 1);

    /// <summary>[C, W]: the columns so far that a query head reads.</summary>
    private static Tensor All(List<Tensor> parts, int sequence, int head) => cat(parts, 1)[sequence, TensorIndex.Colon, head / (Heads / Shared)];

    private static Tensor WrittenOut(Tensor query, Tensor keys, Tensor values, int first, int last)
    {
        var open = last - first + 1;
        var weights = (keys.narrow(0, first, open).matmul(query) / Math.Sqrt(Width)).softmax(0);
        return weights.matmul(values.narrow(0, first, open));
    }
}
