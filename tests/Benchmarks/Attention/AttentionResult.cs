using MiniMind.Transformer.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>What one attention gave: its result [N, H·W] and the gradients of queries [N, H, W], keys and values [N, K, W].</summary>
/// <param name="Parts">The four of them, as rows of one token each.</param>
internal sealed record AttentionResult(IReadOnlyList<float[]> Parts)
{
    public static AttentionResult Of(IAttention attention, HeadTensors heads)
    {
        using var scope = NewDisposeScope();
        var attended = attention.Attend(0, heads.Queries, heads.Keys, heads.Values);
        var gradients = autograd.grad([attended], [heads.Queries, heads.Keys, heads.Values], [heads.ResultGradient]);
        return new AttentionResult([.. gradients.Prepend(attended).Select(part => part.detach().contiguous().data<float>().ToArray())]);
    }

    /// <summary>Every document alone, written out as products and a softmax, in float64.</summary>
    public static AttentionResult Reference(IReadOnlyList<int> documents, HeadTensors heads)
    {
        var parts = new List<float>[] { [], [], [], [] };
        var start = 0L;
        foreach (var length in documents)
        {
            using var scope = NewDisposeScope();
            var leaves = new[] { heads.Queries, heads.Keys, heads.Values }.Select(leaf => leaf.detach().narrow(0, start, length).to_type(ScalarType.Float64).requires_grad_()).ToArray();
            var attended = Alone(leaves[0], leaves[1], leaves[2]);
            var gradients = autograd.grad([attended], leaves, [heads.ResultGradient.narrow(0, start, length).to_type(ScalarType.Float64)]);
            foreach (var (index, part) in gradients.Prepend(attended).Index()) parts[index].AddRange(part.detach().to_type(ScalarType.Float32).contiguous().data<float>().ToArray());
            start += length;
        }

        return new AttentionResult([.. parts.Select(part => part.ToArray())]);
    }

    /// <summary>The largest ‖a − b‖₂ / ‖b‖₂ of the four parts.</summary>
    public double DistanceFrom(AttentionResult expected) => Parts.Zip(expected.Parts, Distance).Max();

    /// <summary>True when the rows of the tokens from <paramref name="start"/> have the same bits.</summary>
    public bool HasSameBits(AttentionResult other, int tokens, int start, int length) => Parts.Zip(other.Parts, (mine, its) =>
    {
        var width = mine.Length / tokens;
        return mine.AsSpan(start * width, length * width).SequenceEqual(its.AsSpan(start * width, length * width));
    }).All(same => same);

    private static Tensor Alone(Tensor queries, Tensor keys, Tensor values)
    {
        long length = queries.size(0), width = queries.size(2), group = queries.size(1) / keys.size(1);
        var keys_HLW = keys.repeat_interleave(group, 1).permute(1, 0, 2);
        var values_HLW = values.repeat_interleave(group, 1).permute(1, 0, 2);
        var scores = queries.permute(1, 0, 2).matmul(keys_HLW.transpose(1, 2)) / Math.Sqrt(width);
        var future = ones([length, length], ScalarType.Bool).triu(1);
        return scores.masked_fill(future, double.NegativeInfinity).softmax(-1).matmul(values_HLW).permute(1, 0, 2).reshape(length, -1);
    }

    private static double Distance(float[] actual, float[] expected)
    {
        double difference = 0, size = 0;
        foreach (var (a, b) in actual.Zip(expected))
        {
            difference += ((double)a - b) * ((double)a - b);
            size += (double)b * b;
        }

        return Math.Sqrt(difference / size);
    }
}
