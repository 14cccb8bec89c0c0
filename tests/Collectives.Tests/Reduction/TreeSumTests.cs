using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Tests.Reduction;

public sealed class TreeSumTests
{
    // More than two blocks and no multiple of a vector's width.
    private const int Length = 9001;

    [Theory]
    [InlineData(7, 3)]
    [InlineData(16, 3)]
    [InlineData(16, 5)]
    [InlineData(13, 8)]
    public void Finish_of_a_stretch_equals_the_recursion_there(int lanes, int worldSize)
    {
        var gradients = Enumerable.Range(0, lanes).Select(lane => LanePartitions.Gradient(lane, Length)).ToArray();
        var expected = LanePartitions.Sum(0, lanes, lane => gradients[lane]);
        // Rank 0 keeps whole gradients, the others only the stretch, as a staging area does.
        const int start = 1024;
        var nodes = LaneAssignment.Split(lanes, worldSize).SelectMany((range, rank) => CanonicalTree.Cover(range, lanes).Select(node =>
        {
            var values = LanePartitions.Sum(node.First, node.End, lane => gradients[lane]);
            return rank == 0 ? new NodeValues(node, values, 0) : new NodeValues(node, values.AsMemory(start), start);
        }));
        var result = new float[Length - start];
        new TreeSum(lanes, nodes).Finish(start, result.Length, result);
        Assert.Equal(expected[start..], result);
    }

    [Fact]
    public void Finish_into_the_memory_of_any_node_gives_the_same_bits()
    {
        const int lanes = 11;
        var gradients = Enumerable.Range(0, lanes).Select(lane => LanePartitions.Gradient(lane, Length)).ToArray();
        var expected = LanePartitions.Sum(0, lanes, lane => gradients[lane]);
        var cover = LaneAssignment.Split(lanes, 4).SelectMany(range => CanonicalTree.Cover(range, lanes)).ToList();
        foreach (var own in cover)
        {
            var nodes = cover.ToDictionary(node => node, node => LanePartitions.Sum(node.First, node.End, lane => (float[])gradients[lane].Clone()));
            var tree = new TreeSum(lanes, nodes.Select(node => new NodeValues(node.Key, node.Value, 0)));
            tree.Finish(0, 5000, nodes[own].AsSpan(0, 5000));
            tree.Finish(5000, Length - 5000, nodes[own].AsSpan(5000));
            Assert.Equal(expected, nodes[own]);
        }
    }

    [Fact]
    public void Finish_of_one_node_over_all_lanes_copies_it()
    {
        var values = LanePartitions.Gradient(0, Length);
        var result = new float[Length];
        new TreeSum(16, [new NodeValues(new LaneRange(0, 16), values, 0)]).Finish(0, Length, result);
        Assert.Equal(values, result);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(4096)]
    public void Add_in_place_equals_adding_one_by_one(int length)
    {
        var (left, right) = (LanePartitions.Gradient(0, length), LanePartitions.Gradient(1, length));
        var expected = left.Zip(right, (a, b) => a + b).ToArray();
        var intoLeft = left.ToArray();
        TreeSum.Add(intoLeft, right, intoLeft);
        var intoRight = right.ToArray();
        TreeSum.Add(left, intoRight, intoRight);
        Assert.Equal(expected, intoLeft);
        Assert.Equal(expected, intoRight);
    }
}
