namespace MiniMind.Collectives.Reduction;

/// <summary>Lanes First..End-1: the lanes of a rank, or one node of the canonical tree.</summary>
public readonly record struct LaneRange(int First, int End)
{
    /// <summary>Number of lanes; 0 for a hot spare.</summary>
    public int Count => End - First;

    /// <summary>Whether every lane of <paramref name="other"/> is one of these.</summary>
    public bool Contains(LaneRange other) => First <= other.First && other.End <= End;
}

/// <summary>
/// The one order in which lane gradients are summed, whatever the world size: sum(l, r) = sum(l, m) + sum(m, r) with
/// m = l + the largest power of two below r - l. Floating-point addition commutes but does not associate, so a fixed tree is
/// what makes the bits independent of who computes which lanes.
/// </summary>
public static class CanonicalTree
{
    /// <summary>The two children of a node of at least two lanes.</summary>
    public static (LaneRange Left, LaneRange Right) Children(LaneRange node)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(node.Count, 2);
        var half = 1 << (31 - int.LeadingZeroCount(node.Count - 1));
        return (new(node.First, node.First + half), new(node.First + half, node.End));
    }

    /// <summary>The fewest nodes of the tree over all lanes that make up a range, in lane order.</summary>
    public static IReadOnlyList<LaneRange> Cover(LaneRange range, int lanes)
    {
        var nodes = new List<LaneRange>();
        Collect(new LaneRange(0, lanes), range, nodes);
        return nodes;
    }

    private static void Collect(LaneRange node, LaneRange range, List<LaneRange> nodes)
    {
        if (node.End <= range.First || range.End <= node.First) return;
        if (range.Contains(node))
        {
            nodes.Add(node);
            return;
        }
        var (left, right) = Children(node);
        Collect(left, range, nodes);
        Collect(right, range, nodes);
    }
}
