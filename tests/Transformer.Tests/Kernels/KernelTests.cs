using System.Runtime.InteropServices;
using MiniMind.Transformer.Kernels;
using MiniMind.Transformer.Training;
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

    [Fact]
    public void Softmax_rows_and_the_operations_of_other_devices_agree_also_where_logits_tie()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        // Whole numbers from 0 to 3 over 45 entries: most rows have several largest ones.
        var logits = randint(0, 4, [64, 45], generator: generator).to(ScalarType.Float32);
        var targets = randint(0, 45, [64], generator: generator).to(ScalarType.Int64);
        var (ours, theirs) = (logits.clone(), logits.clone());

        var actual = SoftmaxRows.Apply(MemoryMarshal.Cast<byte, float>(ours.bytes), MemoryMarshal.Cast<byte, long>(targets.bytes), gradient: true);
        var expected = VocabularyLoss.OnDevice(theirs, targets, gradient: true);

        Assert.True(actual.Correct > logits.argmax(1).eq(targets).sum().item<long>(), "no tie hit: the sample shows nothing");
        Assert.Equal((expected.Targets, expected.Correct), (actual.Targets, actual.Correct));
        Assert.Equal(expected.LossNumerator, actual.LossNumerator, 1e-3);
        Near(theirs, ours);
    }

    private static (Tensor, Tensor, Tensor, Tensor) Leaves(long[] first, long[] second, Generator generator)
    {
        var (a, b) = (randn(first, generator: generator) * 3, randn(second, generator: generator));
        return (a.clone().requires_grad_(), b.clone().requires_grad_(), a.clone().requires_grad_(), b.clone().requires_grad_());
    }

    private static void Near(Tensor expected, Tensor actual) =>
        Assert.InRange(Sample.RelativeError(actual.data<float>().ToArray(), expected.data<float>().ToArray()), 0, 1e-6);
}
