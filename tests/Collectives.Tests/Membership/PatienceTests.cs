using MiniMind.Collectives.Membership;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class PatienceTests
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Unknown = TimeSpan.FromMinutes(10);

    private readonly MiniMind.Collectives.Membership.Patience _patience = new(Least, Unknown);

    [Fact]
    public void Nothing_measured_waits_long() => Assert.Equal(Unknown, _patience.Enter(3, 3));

    [Fact]
    public void Quick_steps_wait_the_least()
    {
        _patience.Enter(2, 2);
        Assert.Equal(Least, _patience.Observe(TimeSpan.FromSeconds(1)));
        Assert.Equal(Least, _patience.Enter(3, 3));
    }

    [Fact]
    public void Slow_steps_are_waited_for_four_times_as_long()
    {
        _patience.Enter(2, 2);
        Assert.Equal(TimeSpan.FromSeconds(4 * 260), _patience.Observe(TimeSpan.FromSeconds(260)));
    }

    /// <summary>Two lanes took 260 s; a rank that has three now may take 390.</summary>
    [Fact]
    public void Slow_lanes_are_scaled_to_the_busiest_rank_of_a_new_generation()
    {
        _patience.Enter(2, 2);
        _patience.Observe(TimeSpan.FromSeconds(260));
        Assert.Equal(TimeSpan.FromSeconds(4 * 390), _patience.Enter(2, 3));
    }

    /// <summary>The slow rank took 100 s for its one lane while another computed seven. With four lanes each it takes 400 s, and is no reason for alarm.</summary>
    [Fact]
    public void Who_had_few_lanes_because_it_is_slow_is_waited_for_when_it_has_many()
    {
        _patience.Enter(1, 7);
        Assert.Equal(TimeSpan.FromSeconds(4 * 100), _patience.Observe(TimeSpan.FromSeconds(100)));
        Assert.Equal(TimeSpan.FromSeconds(4 * 400), _patience.Enter(4, 4));
    }

    [Fact]
    public void A_step_that_was_held_up_is_forgotten_after_some_others()
    {
        _patience.Enter(1, 1);
        _patience.Observe(TimeSpan.FromHours(1));
        for (var step = 0; step < 60; step++) _patience.Observe(TimeSpan.FromSeconds(1));
        Assert.Equal(Least, _patience.Limit);
    }
}
