using System.Runtime.Intrinsics;
using MiniMind.Transformer.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Kernels;

/// <summary>
/// x · r · weight with r = 1 / √(mean(x²) + ε) over rows of width D, and its backward, each in one pass over memory on the CPU.
/// The weight's gradient is summed within blocks of <see cref="BlockRows"/> rows, then over the blocks in order.
/// </summary>
public sealed unsafe class RmsNormalization : autograd.SingleTensorFunction<RmsNormalization>
{
    private const int BlockRows = 128;
    private static readonly long[] LastDimension = [-1];

    public override string Name => nameof(RmsNormalization);

    /// <param name="input">[.., D], contiguous.</param>
    /// <param name="weight">[D].</param>
    /// <param name="epsilon">ε.</param>
    /// <returns>The shape of <paramref name="input"/>, a fresh tensor.</returns>
    public static Tensor Of(Tensor input, Tensor weight, double epsilon)
    {
        if (input.device_type == DeviceType.CPU)
            return is_grad_enabled() ? apply(input, weight, (float)epsilon) : Compute(input, weight, (float)epsilon, inverseRoots: null);
        using var scalars = new Scalars();
        return input * (input * input).mean(LastDimension, keepdim: true).add_(scalars.Of(epsilon), Scalars.One).rsqrt_() * weight;
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, weight, epsilon) = ((Tensor)vars[0], (Tensor)vars[1], (float)vars[2]);
        var inverseRoots = empty(input.numel() / weight.numel());
        var result = Compute(input, weight, epsilon, inverseRoots);
        ctx.save_for_backward([input, weight, inverseRoots]);
        return result;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        var width = (int)saved[1].numel();
        var rows = (int)(saved[0].numel() / width);
        using var output = grad_output.contiguous();
        var inputGradient = empty_like(saved[0]);
        var weightGradient = zeros(width);
        var blocks = FixedBlocks.Count(rows, BlockRows);
        using var partial = zeros((long)blocks * width);
        nint x = Floats.AddressOf(saved[0]), w = Floats.AddressOf(saved[1]), r = Floats.AddressOf(saved[2]), o = Floats.AddressOf(output);
        nint xg = Floats.AddressOf(inputGradient), p = Floats.AddressOf(partial);
        FixedBlocks.For(blocks, block =>
        {
            for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
            {
                var at = (long)row * width;
                Backward((float*)x + at, (float*)w, ((float*)r)[row], (float*)o + at, (float*)xg + at, (float*)p + (long)block * width, width);
            }
        });
        var sum = (float*)Floats.AddressOf(weightGradient);
        for (var block = 0; block < blocks; block++)
        {
            for (var i = 0; i < width; i++) sum[i] += ((float*)p)[(long)block * width + i];
        }

        return [inputGradient, weightGradient, null!];
    }

    /// <summary>The result; r of every row goes to <paramref name="inverseRoots"/> when backward will need it.</summary>
    private static Tensor Compute(Tensor input, Tensor weight, float epsilon, Tensor? inverseRoots)
    {
        var width = (int)weight.numel();
        var rows = (int)(input.numel() / width);
        var result = empty_like(input);
        nint x = Floats.AddressOf(input), w = Floats.AddressOf(weight), y = Floats.AddressOf(result);
        var r = inverseRoots is null ? 0 : Floats.AddressOf(inverseRoots);
        FixedBlocks.For(FixedBlocks.Count(rows, BlockRows), block =>
        {
            for (var row = block * BlockRows; row < Math.Min(rows, (block + 1) * BlockRows); row++)
            {
                var root = Forward((float*)x + (long)row * width, (float*)w, (float*)y + (long)row * width, width, epsilon);
                if (r != 0) ((float*)r)[row] = root;
            }
        });
        return result;
    }

    /// <summary>Normalises one row; returns r.</summary>
    private static float Forward(float* x, float* weight, float* y, int width, float epsilon)
    {
        var squares = Vector512<float>.Zero;
        var i = 0;
        for (; i + Vector512<float>.Count <= width; i += Vector512<float>.Count) squares += Vector512.Load(x + i) * Vector512.Load(x + i);
        var sum = SumOf(squares);
        for (; i < width; i++) sum += x[i] * x[i];
        var r = 1 / MathF.Sqrt(sum / width + epsilon);
        for (i = 0; i + Vector512<float>.Count <= width; i += Vector512<float>.Count) (Vector512.Load(x + i) * r * Vector512.Load(weight + i)).Store(y + i);
        for (; i < width; i++) y[i] = x[i] * r * weight[i];
        return r;
    }

    /// <summary>dx = r·(g·w) - x·r³/D·Σ(g·w·x); dw += g·x·r.</summary>
    private static void Backward(float* x, float* weight, float r, float* g, float* xGradient, float* weightGradient, int width)
    {
        var products = Vector512<float>.Zero;
        var i = 0;
        for (; i + Vector512<float>.Count <= width; i += Vector512<float>.Count)
        {
            var gx = Vector512.Load(g + i) * Vector512.Load(x + i);
            products += gx * Vector512.Load(weight + i);
            (Vector512.Load(weightGradient + i) + gx * r).Store(weightGradient + i);
        }

        var sum = SumOf(products);
        for (; i < width; i++)
        {
            var gx = g[i] * x[i];
            sum += gx * weight[i];
            weightGradient[i] += gx * r;
        }

        var pull = r * r * r * sum / width;
        for (i = 0; i + Vector512<float>.Count <= width; i += Vector512<float>.Count)
            (Vector512.Load(g + i) * Vector512.Load(weight + i) * r - Vector512.Load(x + i) * pull).Store(xGradient + i);
        for (; i < width; i++) xGradient[i] = g[i] * weight[i] * r - x[i] * pull;
    }

    private static float SumOf(Vector512<float> lanes)
    {
        var sum = 0f;
        for (var lane = 0; lane < Vector512<float>.Count; lane++) sum += lanes[lane];
        return sum;
    }
}
