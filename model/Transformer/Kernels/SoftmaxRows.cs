using System.Runtime.Intrinsics;
using MiniMind.Text;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Kernels;

/// <summary>
/// Cross-entropy of rows of logits on the CPU, and its gradient in their place. One row is small enough to stay in the first
/// cache through all its passes. The order of additions within a row is fixed (16 running sums), rows are independent.
/// </summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>Loss and hit of every row; with <paramref name="gradient"/> each row becomes softmax - one-hot.</summary>
    /// <param name="logits">[rows, V], row-major; left as it is without gradient.</param>
    /// <param name="targets">One id per row.</param>
    /// <param name="gradient">Whether to overwrite the logits.</param>
    /// <exception cref="InputException">A target outside 0..V-1; nothing is changed.</exception>
    public static MicrobatchSums Apply(Span<float> logits, ReadOnlySpan<long> targets, bool gradient)
    {
        var rows = targets.Length;
        var width = logits.Length / rows;
        var losses = new double[rows];
        var hits = new bool[rows];
        RequireTargets(targets, width);
        fixed (float* first = logits)
        fixed (long* ids = targets)
        {
            // Lambdas cannot capture pointers, but native-sized integers they can; both stay pinned until For returns.
            nint start = (nint)first, targetStart = (nint)ids;
            FixedBlocks.For(rows, row =>
            {
                var values = (float*)start + (long)row * width;
                losses[row] = Row(values, width, (int)((long*)targetStart)[row], gradient, out hits[row]);
            });
        }

        var sums = default(MicrobatchSums);
        for (var row = 0; row < rows; row++) sums += new MicrobatchSums(losses[row], 1, hits[row] ? 1 : 0);
        return sums;
    }

    /// <summary>The gradient is written at the target through a pointer: an id outside the row would change other memory.</summary>
    private static void RequireTargets(ReadOnlySpan<long> targets, int width)
    {
        for (var row = 0; row < targets.Length; row++)
        {
            if ((ulong)targets[row] >= (ulong)width)
                throw new InputException($"row {row} of a block of logits: expected a target from 0 to {width - 1}, found {targets[row]}; the data was encoded with another tokenizer");
        }
    }

    private static double Row(float* values, int width, int target, bool gradient, out bool hit)
    {
        var highest = Highest(values, width);
        hit = values[target] == highest;
        var targetLogit = values[target] - highest;
        var sum = SumOfExponentials(values, width, highest, store: gradient);
        if (gradient)
        {
            Scale(values, width, (float)(1 / sum));
            values[target] -= 1;
        }

        return Math.Log(sum) - targetLogit;
    }

    private static float Highest(float* values, int width)
    {
        var highest = Vector512.Create(float.NegativeInfinity);
        var i = 0;
        for (; i + Vector512<float>.Count <= width; i += Vector512<float>.Count) highest = Vector512.Max(highest, Vector512.Load(values + i));
        var result = highest[0];
        for (var lane = 1; lane < Vector512<float>.Count; lane++) result = MathF.Max(result, highest[lane]);
        for (; i < width; i++) result = MathF.Max(result, values[i]);
        return result;
    }

    private static double SumOfExponentials(float* values, int width, float highest, bool store)
    {
        var sums = Vector512<float>.Zero;
        var shift = Vector512.Create(highest);
        var i = 0;
        for (; i + Vector512<float>.Count <= width; i += Vector512<float>.Count)
        {
            var exponential = Vector512.Exp(Vector512.Load(values + i) - shift);
            if (store) exponential.Store(values + i);
            sums += exponential;
        }

        var sum = 0.0;
        for (var lane = 0; lane < Vector512<float>.Count; lane++) sum += sums[lane];
        for (; i < width; i++)
        {
            var exponential = MathF.Exp(values[i] - highest);
            if (store) values[i] = exponential;
            sum += exponential;
        }

        return sum;
    }

    private static void Scale(float* values, int width, float factor)
    {
        var i = 0;
        for (; i + Vector512<float>.Count <= width; i += Vector512<float>.Count) (Vector512.Load(values + i) * factor).Store(values + i);
        for (; i < width; i++) values[i] *= factor;
    }
}
