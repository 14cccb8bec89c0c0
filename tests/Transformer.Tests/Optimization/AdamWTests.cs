using MiniMind.Transformer.Optimization;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Tests.Optimization;

public sealed class AdamWTests
{
    private const double Rate = 3e-3;

    [Theory]
    [InlineData(1.0)]
    [InlineData(1e9)]
    public void Updates_equal_the_textbook(double clip)
    {
        using var state = Sample.State();
        var options = new AdamWOptions { ClipNorm = clip, WeightDecay = 0.1 };
        var expected = new Textbook(state.ParametersMemory.ToArray());

        for (var step = 1; step <= 5; step++)
        {
            FillGradient(state, seed: step, scale: step);
            var norm = expected.Step(state.GradientMemory.ToArray(), denominator: 12, Rate, options);
            var outcome = AdamW.Apply(state, 12, Rate, options);

            Assert.False(outcome.Skipped);
            Assert.Equal(norm, outcome.GradientNorm, 1e-9 * norm);
            Assert.Equal(step, state.OptimizerStep);
        }

        Assert.InRange(Sample.RelativeError(state.ParametersMemory.Span, expected.Parameters), 0, 1e-7);
        Assert.InRange(Sample.RelativeError(state.FirstMomentMemory.Span, expected.First), 0, 1e-6);
        Assert.InRange(Sample.RelativeError(state.SecondMomentMemory.Span, expected.Second), 0, 1e-6);
    }

    [Theory]
    [InlineData(0.0, 1f, UpdateDecision.ZeroDenominator)]
    [InlineData(5.0, float.NaN, UpdateDecision.NonFiniteNorm)]
    [InlineData(5.0, float.PositiveInfinity, UpdateDecision.NonFiniteNorm)]
    public void An_impossible_update_changes_nothing(double denominator, float poison, UpdateDecision decision)
    {
        using var state = Sample.State();
        FillGradient(state, seed: 1, scale: 1);
        AdamW.Apply(state, 5, Rate, new AdamWOptions());
        state.GradientMemory.Span[^1] = poison;
        var before = Digest(state);

        var outcome = AdamW.Apply(state, denominator, Rate, new AdamWOptions());

        Assert.True(outcome.Skipped);
        Assert.Equal(decision, outcome.Decision);
        Assert.Equal(before, Digest(state));
        Assert.Equal(1, state.OptimizerStep);
    }

    [Fact]
    public void Bits_do_not_depend_on_threads_or_vectors()
    {
        using var one = Sample.State(config: Sample.Config with { VocabularySize = 5001 }); // several blocks, and an odd rest
        using var two = Sample.State(config: Sample.Config with { VocabularySize = 5001 });
        FillGradient(one, seed: 3, scale: 1);
        FillGradient(two, seed: 3, scale: 1);
        var before = one.ParametersMemory.ToArray();
        var first = AdamW.Apply(one, 1, Rate, new AdamWOptions());
        TorchRuntime.Initialize(threads: 2);
        UpdateOutcome second;
        try
        {
            second = AdamW.Apply(two, 1, Rate, new AdamWOptions());
        }
        finally
        {
            TorchRuntime.Initialize(threads: 1);
        }

        Assert.Equal(first, second);
        Assert.Equal(Digest(one), Digest(two));
        // The first step again, one float32 operation at a time.
        var scale = (float)(1 / (first.GradientNorm + 1e-6));
        for (var i = 0; i < before.Length; i++)
        {
            var g = one.GradientMemory.Span[i] * scale;
            var m = g * (float)(1 - 0.9);
            var v = g * g * (float)(1 - 0.999);
            var root = MathF.Sqrt(v) * (float)(1 / Math.Sqrt(1 - 0.999)) + (float)1e-8;
            var expected = before[i] * (float)(1 - Rate * 0.01) - m * (float)(Rate / (1 - 0.9)) / root;
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(one.ParametersMemory.Span[i]));
        }
    }

    private static UInt128 Digest(TrainingState state) =>
        WeightsDigest.Compute([state.ParametersMemory, state.FirstMomentMemory, state.SecondMomentMemory]);

    private static void FillGradient(TrainingState state, int seed, double scale)
    {
        var random = new Random(seed);
        foreach (ref var value in state.GradientMemory.Span) value = (float)(scale * (random.NextDouble() - 0.5));
    }

    /// <summary>Algorithm 2 of the paper in float64.</summary>
    private sealed class Textbook(float[] start)
    {
        private readonly double[] parameters = [.. start.Select(value => (double)value)];
        private readonly double[] first = new double[start.Length];
        private readonly double[] second = new double[start.Length];
        private int step;

        public float[] Parameters => [.. parameters.Select(value => (float)value)];

        public float[] First => [.. first.Select(value => (float)value)];

        public float[] Second => [.. second.Select(value => (float)value)];

        public double Step(float[] gradient, double denominator, double rate, AdamWOptions options)
        {
            step++;
            var mean = gradient.Select(value => value / denominator).ToArray();
            var norm = Math.Sqrt(mean.Sum(value => value * value));
            for (var i = 0; i < mean.Length; i++)
            {
                var g = norm > options.ClipNorm ? mean[i] * options.ClipNorm / (norm + 1e-6) : mean[i];
                first[i] = options.Beta1 * first[i] + (1 - options.Beta1) * g;
                second[i] = options.Beta2 * second[i] + (1 - options.Beta2) * g * g;
                var unbiasedFirst = first[i] / (1 - Math.Pow(options.Beta1, step));
                var unbiasedSecond = second[i] / (1 - Math.Pow(options.Beta2, step));
                parameters[i] -= rate * (unbiasedFirst / (Math.Sqrt(unbiasedSecond) + options.Epsilon) + options.WeightDecay * parameters[i]);
            }

            return norm;
        }
    }
}
