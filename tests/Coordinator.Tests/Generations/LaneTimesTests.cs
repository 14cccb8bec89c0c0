using MiniMind.Coordinator.Generations;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class LaneTimesTests
{
    private readonly LaneTimes _times = new();

    private void Observe(long step, double seconds, long lanes = 2, long generation = 1) => _times.Observe(new Applied
    {
        Generation = generation, Entry = new LedgerEntry { Step = step }, Facts = new StepFacts { Lanes = lanes, ComputeSeconds = seconds },
    });

    [Fact]
    public void A_few_steps_say_nothing_yet()
    {
        for (var step = 1; step <= 3; step++) Observe(step, 6);
        Assert.Null(_times.Typical);
        Observe(4, 6);
        Assert.Equal(3, _times.Typical);
    }

    [Fact]
    public void Single_steps_that_were_held_up_count_for_nothing()
    {
        for (var step = 1; step <= 16; step++) Observe(step, step % 4 == 0 ? 600 : 6);
        Assert.Equal(3, _times.Typical);
    }

    [Fact]
    public void Old_steps_are_forgotten()
    {
        for (var step = 1; step <= 40; step++) Observe(step, 6);
        for (var step = 41; step <= 49; step++) Observe(step, 10);
        Assert.Equal(5, _times.Typical);
    }

    [Fact]
    public void Steps_are_counted_for_the_newest_generation_only()
    {
        for (var step = 1; step <= 5; step++) Observe(step, 6);
        Assert.Equal((5, 0), (_times.MeasuredIn(1), _times.MeasuredIn(2)));
        Observe(6, 6, generation: 2);
        Observe(7, 6, generation: 1);
        Assert.Equal((0, 1), (_times.MeasuredIn(1), _times.MeasuredIn(2)));
    }

    [Fact]
    public void What_is_repeated_or_was_not_measured_counts_for_nothing()
    {
        for (var time = 0; time < 6; time++) Observe(1, 6);
        Observe(2, 0);
        Observe(3, 6, lanes: 0);
        _times.Observe(new Applied { Generation = 1, Entry = new LedgerEntry { Step = 4 } });
        Assert.Equal((1, null), (_times.MeasuredIn(1), _times.Typical));
    }
}
