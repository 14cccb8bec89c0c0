using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class StageProgressMeterTests
{
    private readonly ManualTime _time = new();

    private static StepCommitted Step(long step, double seconds = 1.5) => new() { Step = step, Loss = 10 - step, Tokens = 1000, StepSeconds = seconds };

    [Fact]
    public void Pace_and_time_left_follow_the_last_steps()
    {
        var meter = new StageProgressMeter(new StageSpec { Stage = "sft", TotalSteps = 100 }, firstStep: 0, _ => (null, 0), _time);
        var first = meter.Add(Step(1));
        Assert.Equal(((double?)null, (TimeSpan?)null), (first.TokensPerSecond, first.Left));
        // A slow start is forgotten.
        _time.Advance(TimeSpan.FromSeconds(1000));
        for (var step = 2; step <= 40; step++)
        {
            meter.Add(Step(step));
            _time.Advance(TimeSpan.FromSeconds(2));
        }
        var progress = meter.Add(Step(41));
        Assert.Equal(500, progress.TokensPerSecond!.Value, 6);
        Assert.Equal(TimeSpan.FromSeconds(2 * 59), progress.Left);
        Assert.Equal(41_000, progress.Tokens);
    }

    [Fact]
    public void Steps_that_come_all_at_once_took_as_long_as_their_workers_say()
    {
        var meter = new StageProgressMeter(new StageSpec { Stage = "sft", TotalSteps = 100 }, firstStep: 0, _ => (null, 0), _time);
        StepProgress? told = null;
        // Kept while there was no coordinator, and handed over.
        for (var step = 1; step <= 30; step++) told = meter.Add(Step(step, seconds: 4));
        Assert.Equal((250.0, TimeSpan.FromSeconds(4 * 70)), (told!.TokensPerSecond!.Value, told.Left!.Value));
        _time.Advance(TimeSpan.FromSeconds(24));
        // The steps' own time and a checkpoint.
        told = meter.Add(Step(31, seconds: 4));
        Assert.Equal(TimeSpan.FromSeconds((19 * 4) + 24) / 20 * 69, told.Left!.Value);
    }

    [Fact]
    public void Steps_of_which_nobody_knows_how_long_they_took_do_not_count()
    {
        var meter = new StageProgressMeter(new StageSpec { Stage = "sft", TotalSteps = 100 }, firstStep: 0, _ => (null, 0), _time);
        for (var step = 1; step <= 30; step++)
            Assert.Equal((null, null), meter.Add(Step(step, seconds: 0)) is var told ? (told.TokensPerSecond, told.Left) : default);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(500, meter.Add(Step(31)).TokensPerSecond!.Value, 6);
    }

    [Fact]
    public void A_resumed_stage_goes_on_with_its_own_figures()
    {
        var meter = new StageProgressMeter(new StageSpec { Stage = "sft", TotalSteps = 9 }, firstStep: 4, _ => (9.5, 4000), _time);
        Assert.Equal(5000, meter.Add(Step(5)).Tokens);
        Assert.Equal((9.5, 5.0, 5000L), (meter.Summary().FirstLoss, meter.Summary().LastLoss, meter.Summary().Tokens));
    }

    [Fact]
    public void Steps_that_were_handed_over_go_on_with_what_was_told_before_them()
    {
        var meter = new StageProgressMeter(new StageSpec { Stage = "sft", TotalSteps = 20 }, firstStep: 0, step => step == 0 ? (null, 0) : (9.5, 1000 * step), _time);
        Assert.Equal(12_000, meter.Add(Step(12)).Tokens);
        Assert.Equal(13_000, meter.Add(Step(13)).Tokens);
        Assert.Equal(9.5, meter.Summary().FirstLoss);
    }

    [Fact]
    public void What_nobody_knows_of_a_step_is_not_zero()
    {
        var meter = new StageProgressMeter(new StageSpec { Stage = "sft", TotalSteps = 9 }, firstStep: 0, _ => (null, 0), _time);
        var unknown = meter.Add(Step(1));
        Assert.Equal((null, null), (unknown.LearningRate, unknown.GradientNorm));
        var step = Step(2);
        (step.LearningRate, step.GradientNorm) = (0.5, 2);
        var known = meter.Add(step);
        Assert.Equal((0.5, 2.0), (known.LearningRate, known.GradientNorm));
    }

    [Fact]
    public void Summary_holds_first_and_last_loss_and_the_last_validation()
    {
        var meter = new StageProgressMeter(new StageSpec { Stage = "sft", TotalSteps = 9 }, firstStep: 4, _ => (null, 0), _time);
        for (var step = 5; step <= 9; step++) meter.Add(Step(step));
        meter.Add(new ValidationDone { Loss = 3 });
        meter.Add(new ValidationDone { Loss = 2 });
        _time.Advance(TimeSpan.FromMinutes(2));
        var summary = meter.Summary();
        Assert.Equal(("sft", 9L, 5000L, 5.0, 1.0, 2.0), (summary.Stage, summary.Steps, summary.Tokens, summary.FirstLoss, summary.LastLoss, summary.ValidationLoss));
        Assert.Equal(TimeSpan.FromMinutes(2), summary.Wall);
    }
}
