using System.Runtime.InteropServices;
using MiniMind.Transformer.Kernels;
using MiniMind.Transformer.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Training;

/// <summary>
/// Summed cross-entropy behind the vocabulary projection, with its gradients in closed form (softmax - one-hot), so that at most
/// <see cref="BlockRows"/> rows of logits exist at a time and the weight's gradient is added in place by the matrix product.
/// Letters: n targets, D hidden size, V vocabulary.
/// </summary>
internal static class VocabularyLoss
{
    /// <summary>Rows of logits per block: 6.5 MB at V = 6400.</summary>
    private const int BlockRows = 256;

    /// <summary>The sums, without gradients.</summary>
    /// <param name="weight">[V, D].</param>
    /// <param name="hidden">[n, D].</param>
    /// <param name="targets">[n].</param>
    public static MicrobatchSums Sums(Parameter weight, Tensor hidden, Tensor targets) => Run(weight, hidden, targets, hiddenGradient: null);

    /// <summary>The sums and the gradient of <paramref name="hidden"/>; the gradient of the weight is added to its .grad.</summary>
    public static (MicrobatchSums Sums, Tensor HiddenGradient) WithGradients(Parameter weight, Tensor hidden, Tensor targets)
    {
        var hiddenGradient = empty_like(hidden);
        return (Run(weight, hidden, targets, hiddenGradient), hiddenGradient);
    }

    private static MicrobatchSums Run(Parameter weight, Tensor hidden, Tensor targets, Tensor? hiddenGradient)
    {
        long rows = hidden.size(0), vocabulary = weight.size(0);
        using var buffer = empty(Math.Min(rows, BlockRows), vocabulary, device: hidden.device);
        using var transposed = weight.t();
        using var weightGradient = hiddenGradient is null ? null : weight.grad;
        var sums = default(MicrobatchSums);
        for (var start = 0L; start < rows; start += BlockRows)
        {
            using var scope = NewDisposeScope();
            var length = Math.Min(BlockRows, rows - start);
            var block = hidden.narrow(0, start, length);
            var logits = buffer.narrow(0, 0, length).addmm_(block, transposed, beta: 0, alpha: 1);
            sums += LossInPlace(logits, targets.narrow(0, start, length), gradient: hiddenGradient is not null);
            if (hiddenGradient is null) continue;
            hiddenGradient.narrow(0, start, length).addmm_(logits, weight, beta: 0, alpha: 1);
            weightGradient!.addmm_(logits.t(), block, beta: 1, alpha: 1);
        }

        return sums;
    }

    private static MicrobatchSums LossInPlace(Tensor logits, Tensor targets, bool gradient) =>
        logits.device_type == DeviceType.CPU
            ? SoftmaxRows.Apply(MemoryMarshal.Cast<byte, float>(logits.bytes), MemoryMarshal.Cast<byte, long>(targets.bytes), gradient)
            : OnDevice(logits, targets, gradient);

    /// <summary>What <see cref="SoftmaxRows.Apply"/> computes, with libtorch's operations; the same hits, the other results up to rounding.</summary>
    internal static MicrobatchSums OnDevice(Tensor logits, Tensor targets, bool gradient)
    {
        var index = targets.unsqueeze(1);
        // Not by argmax, which of equal logits takes any.
        var correct = logits.gather(1, index).eq(logits.amax([1], keepdim: true)).sum().item<long>();
        var logProbabilities = logits.log_softmax(1);
        var loss = -logProbabilities.gather(1, index).sum(ScalarType.Float64).item<double>();
        if (gradient) logits.copy_(logProbabilities.exp_()).scatter_add_(1, index, full_like(index, Scalars.MinusOne, dtype: ScalarType.Float32));
        return new MicrobatchSums(loss, targets.size(0), correct);
    }
}
