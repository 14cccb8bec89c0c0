using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Tests.Reduction;

public sealed class SumsTests
{
    private static Sums Of(int lane) => new(Math.Pow(10, lane % 17) / 3, 10 + lane, Math.Pow(7, -lane) / 3, lane % 3, 64, 1);

    [Fact]
    public void Reduce_gives_the_same_bits_for_every_split()
    {
        for (var lanes = 1; lanes <= 33; lanes++)
        {
            var single = Enumerable.Range(0, lanes).ToDictionary(lane => new LaneRange(lane, lane + 1), Of);
            var expected = Sums.Reduce(single, lanes);
            Assert.Equal(Enumerable.Range(0, lanes).Sum(lane => 10L + lane), expected.Targets);
            for (var worldSize = 1; worldSize <= 8; worldSize++)
            {
                var nodes = LaneAssignment.Split(lanes, worldSize).SelectMany(range => CanonicalTree.Cover(range, lanes))
                    .ToDictionary(node => node, node => Node(node, single));
                Assert.Equal(expected, Sums.Reduce(nodes, lanes));
            }
        }
    }

    [Fact]
    public void Reduce_with_a_lane_missing_names_it()
    {
        var nodes = new Dictionary<LaneRange, Sums> { [new(0, 2)] = Of(0), [new(3, 4)] = Of(3) };
        var fault = Assert.Throws<ArgumentException>(() => Sums.Reduce(nodes, 4));
        Assert.Contains("lane 2 is missing", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wire_keeps_every_bit()
    {
        var sums = new Sums(1.0 / 3, long.MaxValue, Math.PI, 3, 4, 5);
        Assert.Equal(sums, Sums.FromWire(sums.ToWire()));
    }

    [Fact]
    public void MeanLoss_without_targets_is_zero()
    {
        Assert.Equal(0, new Sums(0, 0, 0, 0, 64, 1).MeanLoss);
        Assert.Equal(0.75, new Sums(3, 4, 0, 0, 64, 1).MeanLoss);
    }

    private static Sums Node(LaneRange node, IReadOnlyDictionary<LaneRange, Sums> single)
    {
        if (node.Count == 1) return single[node];
        var (left, right) = CanonicalTree.Children(node);
        return Node(left, single) + Node(right, single);
    }
}
