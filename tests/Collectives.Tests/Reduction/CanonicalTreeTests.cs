using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Tests.Reduction;

public sealed class CanonicalTreeTests
{
    public static TheoryData<int> LaneCounts => [.. Enumerable.Range(7, 58)];

    [Theory]
    [MemberData(nameof(LaneCounts))]
    public void Any_contiguous_split_gives_the_bits_of_the_definition(int lanes)
    {
        const int length = 33;
        var gradients = Enumerable.Range(0, lanes).Select(lane => LanePartitions.Gradient(lane, length, lanes)).ToArray();
        var expected = LanePartitions.Sum(0, lanes, lane => gradients[lane]);
        var random = new Random(lanes);
        for (var worldSize = 1; worldSize <= 8; worldSize++)
        {
            LaneRange[][] splits = [[.. LaneAssignment.Split(lanes, worldSize)], .. Enumerable.Range(0, 3).Select(_ => LanePartitions.Random(lanes, worldSize, random))];
            foreach (var split in splits)
                Assert.Equal(expected, LanePartitions.Reduce(lanes, split, lane => gradients[lane], length));
        }
    }

    /// <summary>The values are such that the order matters: otherwise the test above would prove nothing.</summary>
    [Fact]
    public void Adding_lane_after_lane_gives_other_bits()
    {
        var gradients = Enumerable.Range(0, 16).Select(lane => LanePartitions.Gradient(lane, 33)).ToArray();
        var inOrder = gradients.Aggregate((sum, gradient) => [.. sum.Zip(gradient, (a, b) => a + b)]);
        Assert.NotEqual(LanePartitions.Sum(0, 16, lane => gradients[lane]), inOrder);
    }

    [Theory]
    [MemberData(nameof(LaneCounts))]
    public void Cover_of_any_range_is_its_fewest_nodes_in_lane_order(int lanes)
    {
        var all = NodesOf(new LaneRange(0, lanes)).ToHashSet();
        for (var first = 0; first < lanes; first++)
        {
            for (var end = first; end <= lanes; end++)
            {
                var range = new LaneRange(first, end);
                var cover = CanonicalTree.Cover(range, lanes);
                Assert.Equal(Enumerable.Range(first, range.Count), cover.SelectMany(node => Enumerable.Range(node.First, node.Count)));
                Assert.All(cover, node => Assert.Contains(node, all));
                // Every node of the cover is maximal: no larger node of the tree lies inside the range.
                Assert.All(cover, node => Assert.DoesNotContain(all, other => other != node && other.Contains(node) && range.Contains(other)));
                Assert.True(cover.Count <= 2 * Math.Log2(lanes), $"{cover.Count} nodes for {range} of {lanes} lanes");
            }
        }
    }

    [Theory]
    [InlineData(0, 2, 1)]
    [InlineData(0, 16, 8)]
    [InlineData(0, 12, 8)]
    [InlineData(8, 12, 10)]
    [InlineData(3, 12, 11)]
    public void Children_part_at_the_largest_power_of_two_below_the_count(int first, int end, int middle) =>
        Assert.Equal((new LaneRange(first, middle), new LaneRange(middle, end)), CanonicalTree.Children(new LaneRange(first, end)));

    [Fact]
    public void Children_of_a_single_lane_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CanonicalTree.Children(new LaneRange(4, 5)));

    private static IEnumerable<LaneRange> NodesOf(LaneRange node)
    {
        yield return node;
        if (node.Count < 2) yield break;
        var (left, right) = CanonicalTree.Children(node);
        foreach (var below in NodesOf(left).Concat(NodesOf(right))) yield return below;
    }
}
