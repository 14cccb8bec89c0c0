using MiniMind.Transformer.Layers;
using MiniMind.Transformer.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Tests.Layers;

public sealed class WindowedAttentionTests
{
    private const int Heads = 4;
    private const int Shared = 2;
    private const int Width = 24;

    private static readonly int[] Documents = [3, 20, 1, 90, 7, 30, 49, 100];

    public static TheoryData<int> JoinedTokens => [AttentionWindow.JoinedTokensOnCpu, 64, AttentionWindow.JoinedTokensOnGpu];

    [Theory]
    [MemberData(nameof(JoinedTokens))]
    public void Results_and_gradients_equal_every_document_alone(int joinedTokens)
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs();
        var expected = new List<float>[] { [], [], [], [] };
        foreach (var (length, start) in Documents.Zip(Starts()))
        {
            var alone = Parts([.. inputs.Select(input => input.narrow(0, start, length).to_type(ScalarType.Float64))], WrittenOut);
            for (var part = 0; part < alone.Length; part++) expected[part].AddRange(alone[part]);
        }

        var actual = Windowed(inputs, joinedTokens);

        foreach (var (part, values) in expected.Index()) Assert.InRange(Sample.RelativeError(actual[part], values.ToArray()), 0, 1e-6);
    }

    [Theory]
    [MemberData(nameof(JoinedTokens))]
    public void Bits_of_a_document_do_not_depend_on_the_tokens_beside_it(int joinedTokens)
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs();
        var before = Windowed(inputs, joinedTokens);
        foreach (var (document, (length, start)) in Documents.Zip(Starts()).Index())
        {
            var others = inputs.Select(input => cat([input.narrow(0, 0, start) * -3, input.narrow(0, start, length), input.narrow(0, start + length, input.size(0) - start - length) * 5])).ToArray();

            var after = Windowed(others, joinedTokens);

            foreach (var (mine, its) in before.Zip(after))
            {
                var width = mine.Length / Documents.Sum();
                Assert.True(mine.AsSpan(start * width, length * width).SequenceEqual(its.AsSpan(start * width, length * width)), $"document {document}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(JoinedTokens))]
    public void Bits_are_the_same_again_and_with_two_threads(int joinedTokens)
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs();
        var first = Windowed(inputs, joinedTokens);

        Assert.Equal(first, Windowed(inputs, joinedTokens));
        TorchRuntime.Initialize(threads: 2);
        try
        {
            Assert.Equal(first, Windowed(inputs, joinedTokens));
        }
        finally
        {
            TorchRuntime.Initialize(threads: 1);
        }
    }

    [Fact]
    public void Bits_of_a_document_alone_do_not_depend_on_the_lengths_beside_it()
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs();
        var before = Windowed(inputs, AttentionWindow.JoinedTokensOnCpu);
        var length = Documents[^1];
        var start = Documents.Sum() - length;

        var after = Windowed(inputs, AttentionWindow.JoinedTokensOnCpu, [start, length]);

        foreach (var (mine, its) in before.Zip(after))
        {
            var width = mine.Length / Documents.Sum();
            Assert.Equal(mine[(start * width)..], its[(start * width)..]);
            Assert.NotEqual(mine[..(start * width)], its[..(start * width)]);
        }
    }

    private static IEnumerable<int> Starts() => Documents.Index().Select(document => Documents[..document.Index].Sum());

    /// <summary>Queries, keys, values and the gradient of the result.</summary>
    private static Tensor[] Inputs()
    {
        using var generator = new Generator(5, CPU);
        var tokens = Documents.Sum();
        return [Normal(Heads, Width), Normal(Shared, Width), Normal(Shared, Width), Normal(Heads * Width)];

        Tensor Normal(params long[] shape) => randn([tokens, .. shape], generator: generator);
    }

    private static float[][] Windowed(Tensor[] inputs, int joinedTokens, int[]? documents = null)
    {
        using var attention = new WindowedAttention(AttentionWindow.Join(documents ?? Documents, joinedTokens), CPU);
        return Parts(inputs, (queries, keys, values) => attention.Attend(0, queries, keys, values));
    }

    /// <summary>The result and the gradients of queries, keys and values.</summary>
    private static float[][] Parts(Tensor[] inputs, Func<Tensor, Tensor, Tensor, Tensor> attend)
    {
        var leaves = inputs[..3].Select(input => input.detach().clone().requires_grad_()).ToArray();
        var attended = attend(leaves[0], leaves[1], leaves[2]);
        var gradients = autograd.grad([attended], leaves, [inputs[3]]);
        return [.. gradients.Prepend(attended).Select(part => part.detach().to_type(ScalarType.Float32).contiguous().data<float>().ToArray())];
    }

    private static Tensor WrittenOut(Tensor queries, Tensor keys, Tensor values)
    {
        var length = queries.size(0);
        var scores = queries.permute(1, 0, 2).matmul(keys.repeat_interleave(Heads / Shared, 1).permute(1, 2, 0)) / Math.Sqrt(Width);
        var future = ones([length, length], ScalarType.Bool).triu(1);
        var weights = scores.masked_fill(future, double.NegativeInfinity).softmax(-1);
        return weights.matmul(values.repeat_interleave(Heads / Shared, 1).permute(1, 0, 2)).permute(1, 0, 2).reshape(length, -1);
    }
}
