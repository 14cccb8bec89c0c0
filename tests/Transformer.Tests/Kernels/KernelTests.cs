using MiniMind.Transformer.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Tests.Kernels;

/// <summary>The fused passes against libtorch's own operations, at widths with and without a rest beside whole vectors.</summary>
public sealed class KernelTests
{
    [Theory]
    [InlineData(300, 32)]
    [InlineData(5, 45)]
    public void Root_mean_square_norm_and_its_gradients_equal_libtorch(int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (fused, fusedWeight, plain, plainWeight) = Leaves([rows, width], [width], generator);
        var upstream = randn(rows, width, generator: generator);

        var actual = RmsNormalization.Of(fused, fusedWeight, 1e-6);
        var expected = plain * (plain * plain).mean([-1], keepdim: true).add(1e-6).rsqrt() * plainWeight;
        actual.backward([upstream]);
        expected.backward([upstream]);

        Near(expected, actual);
        Near(plain.grad!, fused.grad!);
        Near(plainWeight.grad!, fusedWeight.grad!);
        using (no_grad()) Assert.Equal(actual.data<float>().ToArray(), RmsNormalization.Of(fused, fusedWeight, 1e-6).data<float>().ToArray());
    }

    [Theory]
    [InlineData(200, 96)]
    [InlineData(3, 7)]
    public void Gated_linear_unit_and_its_gradients_equal_libtorch(int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var (fusedGate, fusedUp, plainGate, plainUp) = Leaves([rows, width], [rows, width], generator);
        var upstream = randn(rows, width, generator: generator);

        var actual = SwiGlu.Of(fusedGate, fusedUp);
        var expected = nn.functional.silu(plainGate) * plainUp;
        actual.backward([upstream]);
        expected.backward([upstream]);

        Near(expected, actual);
        Near(plainGate.grad!, fusedGate.grad!);
        Near(plainUp.grad!, fusedUp.grad!);
        using (no_grad()) Assert.Equal(actual.data<float>().ToArray(), SwiGlu.Of(fusedGate, fusedUp).data<float>().ToArray());
    }

    private static (Tensor, Tensor, Tensor, Tensor) Leaves(long[] first, long[] second, Generator generator)
    {
        var (a, b) = (randn(first, generator: generator) * 3, randn(second, generator: generator));
        return (a.clone().requires_grad_(), b.clone().requires_grad_(), a.clone().requires_grad_(), b.clone().requires_grad_());
    }

    private static void Near(Tensor expected, Tensor actual) =>
        Assert.InRange(Sample.RelativeError(actual.data<float>().ToArray(), expected.data<float>().ToArray()), 0, 1e-6);
}
