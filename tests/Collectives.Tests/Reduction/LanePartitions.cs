using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Tests.Reduction;

/// <summary>Lane gradients whose sum depends on the order of additions, and ways to divide lanes among ranks.</summary>
internal static class LanePartitions
{
    /// <summary>Values of many magnitudes and both signs, so that any other order of summation gives other bits.</summary>
    public static float[] Gradient(int lane, int length, int seed = 0)
    {
        var random = new Random(seed * 1009 + lane);
        return [.. Enumerable.Range(0, length).Select(_ => MathF.ScaleB(random.NextSingle() - 0.5f, random.Next(-12, 12)))];
    }

    /// <summary>The sum by the definition: sum(l, r) = sum(l, m) + sum(m, r), m = l + the largest power of two below r - l.</summary>
    public static float[] Sum(int first, int end, Func<int, float[]> gradient)
    {
        if (end - first == 1) return gradient(first);
        var half = 1;
        while (2 * half < end - first) half *= 2;
        var (left, right) = (Sum(first, first + half, gradient), Sum(first + half, end, gradient));
        return [.. left.Zip(right, (a, b) => a + b)];
    }

    /// <summary>A random split into contiguous ranges, some of them empty.</summary>
    public static LaneRange[] Random(int lanes, int worldSize, Random random)
    {
        var cuts = Enumerable.Range(0, worldSize - 1).Select(_ => random.Next(lanes + 1)).Order().ToArray();
        int[] bounds = [0, .. cuts, lanes];
        return [.. Enumerable.Range(0, worldSize).Select(rank => new LaneRange(bounds[rank], bounds[rank + 1]))];
    }

    /// <summary>What ranks with these lanes send, finished as the owner of a segment does.</summary>
    public static float[] Reduce(int lanes, IEnumerable<LaneRange> ranges, Func<int, float[]> gradient, int length)
    {
        var nodes = ranges.SelectMany(range => CanonicalTree.Cover(range, lanes))
            .Select(node => new NodeValues(node, Sum(node.First, node.End, gradient), 0));
        var result = new float[length];
        new TreeSum(lanes, nodes).Finish(0, length, result);
        return result;
    }
}
