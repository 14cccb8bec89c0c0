using System.Runtime.Intrinsics;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Optimization;

/// <summary>
/// AdamW over the flat buffers. Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2, in the
/// order of operations of PyTorch. On the CPU one fused pass; every element is computed by the same float32 operations without
/// fused multiply-add, so the bits depend neither on the vector width nor on the number of threads.
/// </summary>
public static unsafe class AdamW
{
    private const int BlockSize = 1 << 16;

    /// <summary>Added to the norm before dividing by it, as PyTorch's clip_grad_norm_ does.</summary>
    private const double ClipEpsilon = 1e-6;

    /// <summary>
    /// One update with the mean gradient, gradient / <paramref name="denominator"/>, cut to the clip norm. The gradient buffer itself
    /// is left as it is. With a zero denominator or a norm that is not finite nothing changes and the outcome says why.
    /// </summary>
    /// <param name="state">Updated in place; its step grows by one.</param>
    /// <param name="denominator">Targets of the global batch.</param>
    /// <param name="learningRate">Rate of this step.</param>
    /// <param name="options">Validated by the caller.</param>
    public static UpdateOutcome Apply(TrainingState state, double denominator, double learningRate, AdamWOptions options)
    {
        if (denominator == 0) return new UpdateOutcome(UpdateDecision.ZeroDenominator, double.NaN, learningRate);
        var onCpu = state.Device.type == DeviceType.CPU;
        var norm = (onCpu ? GradientNorm.Of(state.GradientMemory) : NormOnDevice(state.Gradient)) / Math.Abs(denominator);
        if (!double.IsFinite(norm)) return new UpdateOutcome(UpdateDecision.NonFiniteNorm, norm, learningRate);
        var scale = Math.Min(1, options.ClipNorm / (norm + ClipEpsilon)) / denominator;
        state.OptimizerStep++;
        if (onCpu) ApplyOnCpu(state, Factors.For(scale, learningRate, state.OptimizerStep, options));
        else ApplyOnDevice(state, scale, learningRate, options);
        return new UpdateOutcome(UpdateDecision.Applied, norm, learningRate);
    }

    private static void ApplyOnCpu(TrainingState state, Factors factors)
    {
        using var parameters = state.ParametersMemory.Pin();
        using var gradient = state.GradientMemory.Pin();
        using var first = state.FirstMomentMemory.Pin();
        using var second = state.SecondMomentMemory.Pin();
        nint p = (nint)parameters.Pointer, g = (nint)gradient.Pointer, m = (nint)first.Pointer, v = (nint)second.Pointer;
        var count = state.Count;
        FixedBlocks.For(FixedBlocks.Count(count, BlockSize), block =>
        {
            var offset = (long)block * BlockSize;
            var length = (int)Math.Min(BlockSize, count - offset);
            Update((float*)p + offset, (float*)g + offset, (float*)m + offset, (float*)v + offset, length, factors);
        });
    }

    private static void Update(float* parameters, float* gradient, float* first, float* second, int length, Factors f)
    {
        var i = 0;
        for (; i + Vector512<float>.Count <= length; i += Vector512<float>.Count)
        {
            var g = Vector512.Load(gradient + i) * f.Scale;
            var m = Vector512.Load(first + i) * f.Beta1 + g * f.OneMinusBeta1;
            var v = Vector512.Load(second + i) * f.Beta2 + g * g * f.OneMinusBeta2;
            var p = Vector512.Load(parameters + i) * f.Decay - m * f.StepSize / (Vector512.Sqrt(v) * f.RootCorrection + Vector512.Create(f.Epsilon));
            m.Store(first + i);
            v.Store(second + i);
            p.Store(parameters + i);
        }

        for (; i < length; i++)
        {
            var g = gradient[i] * f.Scale;
            var m = first[i] * f.Beta1 + g * f.OneMinusBeta1;
            var v = second[i] * f.Beta2 + g * g * f.OneMinusBeta2;
            parameters[i] = parameters[i] * f.Decay - m * f.StepSize / (MathF.Sqrt(v) * f.RootCorrection + f.Epsilon);
            first[i] = m;
            second[i] = v;
        }
    }

    private static double NormOnDevice(Tensor gradient)
    {
        using var norm = gradient.norm();
        using var wide = norm.to(ScalarType.Float64);
        return wide.item<double>();
    }

    private static void ApplyOnDevice(TrainingState state, double scale, double learningRate, AdamWOptions options)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var f = Factors.For(scale, learningRate, state.OptimizerStep, options);
        using var scalars = new Scalars();
        var g = state.Gradient * scalars.Of(f.Scale);
        state.FirstMoment.mul_(scalars.Of(f.Beta1)).add_(g, alpha: scalars.Of(f.OneMinusBeta1));
        state.SecondMoment.mul_(scalars.Of(f.Beta2)).addcmul_(g, g, value: scalars.Of(f.OneMinusBeta2));
        var denominator = state.SecondMoment.sqrt().mul_(scalars.Of(f.RootCorrection)).add_(scalars.Of(f.Epsilon), Scalars.One);
        state.Parameters.mul_(scalars.Of(f.Decay)).addcdiv_(state.FirstMoment, denominator, value: scalars.Of(-f.StepSize));
    }

    /// <summary>What one step multiplies by, rounded to float32 once.</summary>
    private readonly record struct Factors(
        float Scale, float Beta1, float OneMinusBeta1, float Beta2, float OneMinusBeta2, float StepSize, float RootCorrection, float Epsilon, float Decay)
    {
        public static Factors For(double scale, double learningRate, long step, AdamWOptions o) => new(
            (float)scale, (float)o.Beta1, (float)(1 - o.Beta1), (float)o.Beta2, (float)(1 - o.Beta2),
            StepSize: (float)(learningRate / (1 - Math.Pow(o.Beta1, step))),
            RootCorrection: (float)(1 / Math.Sqrt(1 - Math.Pow(o.Beta2, step))),
            (float)o.Epsilon,
            Decay: (float)(1 - learningRate * o.WeightDecay));
    }
}
