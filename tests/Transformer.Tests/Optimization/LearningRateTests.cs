using MiniMind.Text;
using MiniMind.Transformer.Optimization;

namespace MiniMind.Transformer.Tests.Optimization;

public sealed class LearningRateTests
{
    [Theory]
    [InlineData("cosine", 5, 0.55)]
    [InlineData("cosine", 10, 0.1)]
    [InlineData("cosine-2025", 5, 0.6)]
    [InlineData("cosine-2025", 10, 0.1)]
    [InlineData("constant", 10, 1)]
    public void Schedules_follow_their_formula(string schedule, long step, double share) =>
        Assert.Equal(2e-3 * share, LearningRate.At(step, 10, 0, 2e-3, schedule), 1e-12);

    [Fact]
    public void Warm_up_is_linear_and_then_over()
    {
        Assert.Equal(0.25, LearningRate.At(1, 100, 4, 1, "constant"));
        Assert.Equal(0.75, LearningRate.At(3, 100, 4, 1, "constant"));
        Assert.Equal(1, LearningRate.At(4, 100, 4, 1, "constant"));
    }

    [Fact]
    public void An_unknown_schedule_is_wrong_input() =>
        Assert.Contains("found 'linear'", Assert.Throws<InputException>(() => LearningRate.At(1, 2, 0, 1, "linear")).Message, StringComparison.Ordinal);

    [Fact]
    public void Options_report_all_faults_together()
    {
        var failure = Assert.Throws<InputException>(() => new AdamWOptions { Beta1 = 1, Epsilon = 0, ClipNorm = double.NaN }.Validate());

        Assert.Contains("beta1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("epsilon", failure.Message, StringComparison.Ordinal);
        Assert.Contains("clip_norm", failure.Message, StringComparison.Ordinal);
    }
}
