using MiniMind.Collectives.Membership;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class SpotCheckTests
{
    private static IEnumerable<SpotCheck> Checks(GenerationPlan plan, long interval, ulong seed, int count) =>
        Enumerable.Range(1, count).Select(turn => SpotCheck.Of(turn * interval, interval, seed, plan)!.Value);

    [Theory]
    [InlineData(2, 8, 1, 42)]
    [InlineData(3, 8, 5, 42)]
    [InlineData(5, 16, 3, 7)]
    [InlineData(8, 8, 1, ulong.MaxValue)]
    [InlineData(11, 8, 2, 0)] // three hot spares
    public void In_turn_every_lane_is_checked_once_by_every_rank_that_does_not_own_it(int workers, int lanes, long interval, ulong seed)
    {
        var plan = Plans.Of(1, 0, Plans.Workers(workers), lanes);
        var checks = Checks(plan, interval, seed, lanes * (workers - 1)).ToList();

        Assert.All(checks, check => Assert.InRange(check.Lane, plan.Members[check.Owner].Lanes.First, plan.Members[check.Owner].Lanes.End - 1));
        Assert.All(checks, check => Assert.NotEqual(check.Owner, check.Checker));
        Assert.Equal(lanes * (workers - 1), checks.Select(check => (check.Lane, check.Checker)).Distinct().Count());
        Assert.Equal(workers, checks.Select(check => check.Checker).Distinct().Count());
        // No lane waits longer than all others take.
        Assert.Equal(lanes, checks.Take(lanes).Select(check => check.Lane).Distinct().Count());
    }

    [Fact]
    public void A_rank_that_is_alone_checks_its_own_lanes()
    {
        var checks = Checks(Plans.Of(1, 0, Plans.Workers(1), 4), interval: 2, seed: 3, count: 4);
        Assert.Equal([(3, 0, 0), (0, 0, 0), (1, 0, 0), (2, 0, 0)], checks.Select(check => (check.Lane, check.Owner, check.Checker)));
    }

    [Fact]
    public void The_owner_is_who_has_the_lane_among_unequal_shares()
    {
        var plan = Plans.Of(1, 0, Plans.Workers(4), 8, shares: [0, 5, 0, 3]);
        Assert.Equal([1, 1, 1, 1, 1, 3, 3, 3], Checks(plan, interval: 1, seed: 0, count: 8).Select(check => check.Owner));
    }

    [Theory]
    [InlineData(5, 0)] // never
    [InlineData(5, 2)]
    [InlineData(1, 5)]
    public void Other_steps_are_not_checked(long step, long interval) =>
        Assert.Null(SpotCheck.Of(step, interval, 42, Plans.Of(1, 0, Plans.Workers(2), 8)));
}
