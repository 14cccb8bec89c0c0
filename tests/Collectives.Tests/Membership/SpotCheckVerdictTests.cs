using Google.Protobuf;
using MiniMind.Collectives.Membership;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class SpotCheckVerdictTests
{
    private const int Lane = 3;

    private static LaneGradient Gradient(char value, double loss = 1) => new()
    {
        Lane = Lane, Digest = ByteString.CopyFromUtf8(value.ToString()), Sums = new TailSums { LossNumerator = loss },
    };

    /// <summary>One word per rank: what it computed, a letter for each time; "-" for nothing.</summary>
    private static Tail[] Tails(string ranks)
    {
        return [.. ranks.Split(' ').Select(Of)];

        static Tail Of(string computed)
        {
            var tail = new Tail();
            tail.SpotChecks.AddRange(computed.Where(value => value != '-').Select(value => Gradient(value)));
            return tail;
        }
    }

    [Theory]
    [InlineData("a b", "a a", "1", "computed again")]         // a transient fault shows by differing from itself
    [InlineData("b a", "a a", "0", "computed again")]
    [InlineData("a b", "a c", "1", "computed again")]         // never the same
    [InlineData("a b", "c d", "0 1", "computed again")]
    [InlineData("a b", "a b", "", "each the same one twice")] // a third one would be needed
    [InlineData("a b -", "a b a", "1", "2 of 3 ranks")]
    [InlineData("- a b", "b a b", "1", "2 of 3 ranks")]
    [InlineData("- a b", "b b b", "1", "computed again")]
    [InlineData("a b -", "a b c", "", "each the same one twice")]
    [InlineData("a b - -", "a b a b", "", "each the same one twice")]
    [InlineData("a b - -", "a b a c", "", "each the same one twice")]
    [InlineData("a b - -", "a b a a", "1", "3 of 4 ranks")]
    [InlineData("a b - -", "a a c a", "1 2", "computed again")]
    [InlineData("ab", "a", "0", "computed again")]            // alone
    [InlineData("ab", "c", "0", "computed again")]
    public void Wrong_is_who_differs_from_most_or_else_from_itself(string first, string second, string odd, string why)
    {
        Assert.Equal(Lane, SpotCheckVerdict.DisputedLane(Tails(first)));
        var verdict = SpotCheckVerdict.Of(Lane, Tails(first), Tails(second), rank => $"w{rank}");
        Assert.Equal(odd, string.Join(' ', verdict.Odd));
        Assert.Contains(why, verdict.Reason);
        Assert.All(verdict.Odd, rank => Assert.Contains($"w{rank}", verdict.Reason));
    }

    [Fact]
    public void Who_computed_the_lane_is_named_when_nobody_can_be_called_wrong()
    {
        var verdict = SpotCheckVerdict.Of(Lane, Tails("- a - b"), Tails("b a a b"), rank => $"w{rank}");
        Assert.StartsWith("w1 and w3 compute different gradients of lane 3", verdict.Reason);
    }

    [Theory]
    [InlineData("a a -")]
    [InlineData("aa")]
    [InlineData("a - -")] // a rank that knows of no check says nothing
    [InlineData("- -")]
    public void Equal_gradients_are_no_matter_of_dispute(string first) => Assert.Null(SpotCheckVerdict.DisputedLane(Tails(first)));

    [Fact]
    public void Equal_gradients_with_other_sums_are_a_matter_of_dispute()
    {
        Tail[] tails = [new Tail { SpotChecks = { Gradient('a', loss: 1) } }, new Tail { SpotChecks = { Gradient('a', loss: double.BitIncrement(1)) } }];
        Assert.Equal(Lane, SpotCheckVerdict.DisputedLane(tails));
    }

    /// <summary>What was computed of different lanes says nothing of one another.</summary>
    [Fact]
    public void Gradients_of_different_lanes_are_not_compared()
    {
        var other = Gradient('b');
        other.Lane = Lane + 1;
        Assert.Null(SpotCheckVerdict.DisputedLane([new Tail { SpotChecks = { Gradient('a') } }, new Tail { SpotChecks = { other } }]));
    }
}
