using System.Runtime.Intrinsics;
using MiniMind.Transformer.Runtime;

namespace MiniMind.Transformer.Optimization;

/// <summary>Euclidean norm in float64 with one fixed order of additions: 8 running sums per block, blocks in order.</summary>
internal static unsafe class GradientNorm
{
    private const int BlockSize = 1 << 16;

    public static double Of(Memory<float> gradient)
    {
        using var pin = gradient.Pin();
        var start = (nint)pin.Pointer;
        var length = gradient.Length;
        var squares = new double[FixedBlocks.Count(length, BlockSize)];
        FixedBlocks.For(squares.Length, block =>
        {
            var offset = block * BlockSize;
            squares[block] = SumOfSquares((float*)start + offset, Math.Min(BlockSize, length - offset));
        });
        var sum = 0.0;
        foreach (var square in squares) sum += square;
        return Math.Sqrt(sum);
    }

    private static double SumOfSquares(float* values, int length)
    {
        var sums = Vector512<double>.Zero;
        var i = 0;
        for (; i + Vector512<double>.Count <= length; i += Vector512<double>.Count)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Load(values + i));
            var wide = Vector512.Create(lower, upper);
            sums += wide * wide;
        }

        var sum = 0.0;
        for (var lane = 0; lane < Vector512<double>.Count; lane++) sum += sums[lane];
        for (; i < length; i++) sum += (double)values[i] * values[i];
        return sum;
    }
}
