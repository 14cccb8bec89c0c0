using MiniMind.Coordinator.Generations;

namespace MiniMind.Coordinator.Tests.Generations;

public sealed class LaneSharesTests
{
    [Theory]
    [InlineData(16, "1 1", "8 8")]
    [InlineData(16, "1 2", "11 5")]
    [InlineData(16, "2 1", "5 11")]
    [InlineData(16, "1 3", "12 4")]
    [InlineData(16, "1 100", "15 1")]
    [InlineData(16, "1 1 1", "4 6 6")] // 5 nodes, where 6 5 5 needs 7
    [InlineData(16, "1", "16")]
    [InlineData(4, "1 1 1 1 1", "1 1 1 1 0")]
    [InlineData(4, "1 9 1 1 1", "1 0 1 1 1")] // the slowest is the spare
    [InlineData(2, "9 1 1 9", "0 1 1 0")]
    public void Split_gives_each_rank_what_it_can_do_in_the_same_time(int lanes, string times, string shares) =>
        Assert.Equal(shares, string.Join(' ', LaneShares.Split(lanes, Numbers(times))));

    /// <summary>Compared with all splits there are.</summary>
    [Fact]
    public void Split_is_ready_as_soon_as_any_and_needs_the_fewest_nodes_of_those_that_are()
    {
        var random = new Random(3);
        for (var trial = 0; trial < 400; trial++)
        {
            var (lanes, ranks) = (1 + random.Next(16), 1 + random.Next(4));
            double[] times = [.. Enumerable.Range(0, ranks).Select(_ => 0.2 + random.NextDouble() * (random.Next(2) == 0 ? 1 : 9))];
            var shares = LaneShares.Split(lanes, times);
            Assert.Equal((ranks, lanes), (shares.Count, shares.Sum()));
            Assert.Equal(Math.Max(0, ranks - lanes), shares.Count(share => share == 0));
            if (ranks > lanes) continue;

            var all = Splits(lanes, ranks).ToList();
            var shortest = all.Min(split => LaneShares.Slowest(split, times));
            Assert.InRange(LaneShares.Slowest(shares, times), 0, shortest * 1.05 * (1 + 1e-6));
            Assert.InRange(LaneShares.LeastTime(lanes, times), 0, shortest * (1 + 1e-6));
            var fewest = all.Where(split => LaneShares.Slowest(split, times) <= shortest * 1.05 * (1 - 1e-6)).Min(split => Nodes(split, lanes));
            Assert.InRange(Nodes(shares, lanes), 1, fewest);
        }
    }

    [Fact]
    public void Even_shares_are_kept_unless_others_are_clearly_sooner_ready()
    {
        Assert.Equal([8, 8], LaneShares.Choose(16, [1.0, 1.25], gain: 1.15)); // 8 x 1.25 = 10 against 9
        Assert.Equal([9, 7], LaneShares.Choose(16, [1.0, 1.25], gain: 1.1));
        Assert.Equal([11, 5], LaneShares.Choose(16, [1.0, 2.0], gain: 1.15));
    }

    [Fact]
    public void Many_lanes_and_ranks_are_shared_out_too()
    {
        double[] times = [.. Enumerable.Range(1, 32).Select(rank => rank % 5 + 1.0)];
        var shares = LaneShares.Split(1024, times);
        Assert.Equal(1024, shares.Sum());
        Assert.InRange(LaneShares.Slowest(shares, times), LaneShares.LeastTime(1024, times), LaneShares.LeastTime(1024, times) * 1.15);
    }

    [Theory]
    [InlineData(0, "1")]
    [InlineData(16, "")]
    public void No_lanes_or_no_ranks_are_refused(int lanes, string times) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => LaneShares.Split(lanes, Numbers(times)));

    private static double[] Numbers(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => double.Parse(word, System.Globalization.CultureInfo.InvariantCulture))];

    private static IEnumerable<int[]> Splits(int lanes, int ranks)
    {
        if (ranks == 1) return [[lanes]];
        return Enumerable.Range(1, lanes - ranks + 1).SelectMany(share => Splits(lanes - share, ranks - 1).Select(rest => (int[])[share, .. rest]));
    }

    /// <summary>Nodes that all ranks send, by the definition of the tree.</summary>
    private static int Nodes(IReadOnlyList<int> shares, int lanes)
    {
        var (count, first) = (0, 0);
        foreach (var share in shares)
        {
            count += Cover(0, lanes, first, first + share);
            first += share;
        }
        return count;
    }

    private static int Cover(int left, int right, int first, int end)
    {
        if (right <= first || end <= left) return 0;
        if (first <= left && right <= end) return 1;
        var middle = 1;
        while (2 * middle < right - left) middle *= 2;
        return Cover(left, left + middle, first, end) + Cover(left + middle, right, first, end);
    }
}
