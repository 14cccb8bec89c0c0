using MiniMind.Text.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>Leaves of one attention: queries [N, H, W], keys and values [N, K, W], and the gradient [N, H·W] of its result.</summary>
public sealed class HeadTensors : IDisposable
{
    public HeadTensors(ModelConfig model, int tokens, int seed)
    {
        using var generator = new Generator((ulong)seed, CPU);
        Queries = Normal(tokens, model.Heads, model.HeadWidth).requires_grad_();
        Keys = Normal(tokens, model.KeyValueHeads, model.HeadWidth).requires_grad_();
        Values = Normal(tokens, model.KeyValueHeads, model.HeadWidth).requires_grad_();
        ResultGradient = Normal(tokens, model.Heads * model.HeadWidth);

        Tensor Normal(params long[] shape) => randn(shape, generator: generator).DetachFromDisposeScope();
    }

    public Tensor Queries { get; }

    public Tensor Keys { get; }

    public Tensor Values { get; }

    public Tensor ResultGradient { get; }

    private Tensor[] All => [Queries, Keys, Values, ResultGradient];

    /// <summary>Negates all that belongs to the tokens before <paramref name="start"/>, until the result is disposed of.</summary>
    public IDisposable WithOthersBefore(int start)
    {
        Negate(start);
        return new Restoring(() => Negate(start));
    }

    public void Dispose()
    {
        foreach (var tensor in All) tensor.Dispose();
    }

    private void Negate(int tokens)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var tensor in All) tensor.narrow(0, 0, tokens).neg_();
    }

    private sealed class Restoring(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
