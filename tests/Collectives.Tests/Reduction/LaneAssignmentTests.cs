using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Tests.Reduction;

public sealed class LaneAssignmentTests
{
    [Fact]
    public void Split_partitions_the_lanes_and_keeps_the_greatest_share_minimal()
    {
        for (var lanes = 1; lanes <= 64; lanes++)
        {
            for (var worldSize = 1; worldSize <= 9; worldSize++)
            {
                var split = LaneAssignment.Split(lanes, worldSize);
                Assert.Equal(worldSize, split.Count);
                Assert.Equal(Enumerable.Range(0, lanes), split.SelectMany(range => Enumerable.Range(range.First, range.Count)));
                var busy = Math.Min(lanes, worldSize);
                Assert.Equal((lanes + busy - 1) / busy, split.Max(range => range.Count));
                // Every worker that can have a lane has one; only those beyond the lane count are spare.
                Assert.All(split.Take(busy), range => Assert.True(range.Count > 0));
                Assert.All(split.Skip(busy), range => Assert.Equal(0, range.Count));
            }
        }
    }

    /// <summary>Compared with a search through all splits of the same greatest share.</summary>
    [Fact]
    public void Split_needs_the_fewest_nodes()
    {
        for (var lanes = 1; lanes <= 16; lanes++)
        {
            for (var worldSize = 1; worldSize <= Math.Min(5, lanes); worldSize++)
            {
                var share = (lanes + worldSize - 1) / worldSize;
                var nodes = LaneAssignment.Split(lanes, worldSize).Sum(range => CanonicalTree.Cover(range, lanes).Count);
                Assert.Equal(Fewest(0, lanes, worldSize, share), nodes);
            }
        }
    }

    [Fact]
    public void Three_ranks_of_sixteen_lanes_send_fewer_nodes_than_equal_ranges_would()
    {
        LaneRange[] equal = [new(0, 6), new(6, 11), new(11, 16)];
        Assert.Equal(7, equal.Sum(range => CanonicalTree.Cover(range, 16).Count));
        Assert.Equal(5, LaneAssignment.Split(16, 3).Sum(range => CanonicalTree.Cover(range, 16).Count));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(16, 0)]
    public void No_lanes_or_no_ranks_are_refused(int lanes, int worldSize) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => LaneAssignment.Split(lanes, worldSize));

    private static int Fewest(int begin, int lanes, int ranks, int share)
    {
        if (ranks == 0) return begin == lanes ? 0 : 1000;
        var best = 1000;
        for (var end = begin + 1; end <= Math.Min(lanes, begin + share); end++)
            best = Math.Min(best, CanonicalTree.Cover(new LaneRange(begin, end), lanes).Count + Fewest(end, lanes, ranks - 1, share));
        return best;
    }
}
