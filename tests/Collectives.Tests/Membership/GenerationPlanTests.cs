using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class GenerationPlanTests
{
    private static GenerationPlan Plan(params int?[] shares)
    {
        var wire = new Generation { Number = 3 };
        foreach (var (rank, share) in shares.Index())
        {
            var member = new MemberEntry { Worker = $"w{rank}", Incarnation = $"w{rank}#1", Endpoint = $"w{rank}:1" };
            if (share is { } lanes) member.Lanes = lanes;
            wire.Members.Add(member);
        }
        return GenerationPlan.From(wire, "w1", "w1#1", lanes: 8);
    }

    [Fact]
    public void Each_member_takes_the_next_lanes_of_those_that_the_announcement_gives()
    {
        var plan = Plan(5, 0, 1, 2);
        Assert.Equal([new(0, 5), new(5, 5), new(5, 6), new(6, 8)], plan.Members.Select(member => member.Lanes));
        Assert.Equal((1, 5, 1), (plan.Rank, plan.MostLanes, plan.FewestLanes));
    }

    [Fact]
    public void Without_a_word_about_lanes_all_share_them_evenly() =>
        Assert.Equal(LaneAssignment.Split(8, 3), Plan(null, null, null).Members.Select(member => member.Lanes));

    [Theory]
    [InlineData(4, 3)]
    [InlineData(8, 1)]
    [InlineData(9, -1)]
    [InlineData(8, null, 1)]
    public void Shares_that_do_not_make_up_all_lanes_are_refused(params int?[] shares)
    {
        var fault = Assert.Throws<ArgumentException>(() => Plan(shares));
        Assert.Contains("do not make up the stage's 8", fault.Message, StringComparison.Ordinal);
    }
}
