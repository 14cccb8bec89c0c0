using MiniMind.Text;
using MiniMind.Transformer.Generation;

namespace MiniMind.Transformer.Tests.Generation;

public sealed class SamplerTests
{
    private static readonly SamplingOptions Plain = new() { Temperature = 1, TopP = 1 };

    [Fact]
    public void Draws_follow_the_probabilities()
    {
        var counts = Draw([MathF.Log(0.5f), MathF.Log(0.2f), MathF.Log(0.3f)], Plain);

        Assert.InRange(counts[0], 0.48, 0.52);
        Assert.InRange(counts[1], 0.18, 0.22);
        Assert.InRange(counts[2], 0.28, 0.32);
    }

    [Fact]
    public void Temperature_sharpens()
    {
        var counts = Draw([MathF.Log(0.5f), MathF.Log(0.2f), MathF.Log(0.3f)], Plain with { Temperature = 0.5 });

        Assert.InRange(counts[0], 0.25 / 0.38 - 0.02, 0.25 / 0.38 + 0.02);
    }

    [Fact]
    public void Top_k_keeps_the_most_likely()
    {
        var counts = Draw([1, 3, 2, 3], Plain with { TopK = 2 });

        Assert.Equal((0, 0), (counts[0], counts[2]));
        Assert.InRange(counts[1], 0.48, 0.52);
    }

    [Fact]
    public void Top_p_keeps_the_shortest_sufficient_prefix()
    {
        var counts = Draw([MathF.Log(0.5f), MathF.Log(0.2f), MathF.Log(0.3f)], Plain with { TopP = 0.6 });

        Assert.Equal(0, counts[1]);
        Assert.InRange(counts[0], 0.625 - 0.02, 0.625 + 0.02);
    }

    [Fact]
    public void Greedy_takes_the_first_of_the_largest() =>
        Assert.Equal(1, new Sampler(SamplingOptions.Greedy(1), []).Next([0, 4, 4, 1]));

    [Fact]
    public void Repetition_penalty_weakens_what_was_seen()
    {
        var options = SamplingOptions.Greedy(1) with { RepetitionPenalty = 2 };

        Assert.Equal(1, new Sampler(options, [0]).Next([4, 3, -5]));
        Assert.Equal(1, new Sampler(options, [0]).Next([-2, -3, -5]));
        Assert.Equal(0, new Sampler(options, []).Next([4, 3, -5]));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Logits_that_are_no_numbers_are_wrong_input(float logit) =>
        Assert.All([Plain, SamplingOptions.Greedy(1)], options => Assert.StartsWith(
            "the model's weights give no numbers; the logit of token 1",
            Assert.Throws<InputException>(() => new Sampler(options, []).Next([0, logit, 4])).Message, StringComparison.Ordinal));

    [Theory]
    [InlineData(double.NaN, 1.0, "temperature: expected 0 to 100, found NaN")]
    [InlineData(double.PositiveInfinity, 1.0, "temperature: expected 0 to 100, found Infinity")]
    [InlineData(100.5, 1.0, "temperature: expected 0 to 100, found 100.5")]
    [InlineData(1.0, double.NaN, "repetition-penalty: expected 0.01 to 100, found NaN")]
    [InlineData(1.0, double.PositiveInfinity, "repetition-penalty: expected 0.01 to 100, found Infinity")]
    [InlineData(1.0, 1e-40, "repetition-penalty: expected 0.01 to 100, found 1E-40")]
    public void Options_without_meaning_are_wrong_input(double temperature, double penalty, string message) =>
        Assert.Equal(message, Assert.Throws<InputException>((Plain with { Temperature = temperature, RepetitionPenalty = penalty }).Validate).Message);

    private static double[] Draw(float[] logits, SamplingOptions options)
    {
        const int draws = 20_000;
        var counts = new double[logits.Length];
        var sampler = new Sampler(options with { Seed = 1 }, []);
        for (var i = 0; i < draws; i++) counts[sampler.Next(logits.AsSpan())] += 1.0 / draws;
        return counts;
    }
}
