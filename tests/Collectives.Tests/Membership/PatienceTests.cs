using MiniMind.Collectives.Membership;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class PatienceTests
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Unknown = TimeSpan.FromMinutes(10);

    private readonly MiniMind.Collectives.Membership.Patience _patience = new(Least, Unknown);

    [Fact]
    public void Nothing_measured_waits_long() => Assert.Equal(Unknown, _patience.For(3));

    [Fact]
    public void Quick_steps_wait_the_least()
    {
        _patience.Observe(TimeSpan.FromSeconds(1), 2);
        Assert.Equal(Least, _patience.For(3));
    }

    /// <summary>Two lanes took 260 s here; a rank with three may take 390, and four times that is waited for.</summary>
    [Fact]
    public void Slow_lanes_are_scaled_to_the_busiest_rank()
    {
        _patience.Observe(TimeSpan.FromSeconds(260), 2);
        Assert.Equal(TimeSpan.FromSeconds(4 * 390), _patience.For(3));
    }

    [Fact]
    public void A_step_that_was_held_up_is_forgotten_after_some_others()
    {
        _patience.Observe(TimeSpan.FromHours(1), 1);
        for (var step = 0; step < 60; step++) _patience.Observe(TimeSpan.FromSeconds(1), 1);
        Assert.Equal(Least, _patience.For(1));
    }
}
