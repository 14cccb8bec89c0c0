namespace MiniMind.Collectives.Reduction;

/// <summary>Which contiguous lanes each rank computes.</summary>
public static class LaneAssignment
{
    /// <summary>The ranges of ranks whose number of lanes is given: each takes the next ones.</summary>
    /// <exception cref="ArgumentException">They do not make up all lanes.</exception>
    public static IReadOnlyList<LaneRange> Of(IReadOnlyList<int> shares, int lanes)
    {
        if (shares.Any(share => share < 0) || shares.Sum(share => (long)share) != lanes)
            throw new ArgumentException($"lanes {string.Join(" + ", shares)} do not make up the stage's {lanes}", nameof(shares));
        var ranges = new LaneRange[shares.Count];
        for (int rank = 0, first = 0; rank < ranges.Length; first += shares[rank++]) ranges[rank] = new LaneRange(first, first + shares[rank]);
        return ranges;
    }

    /// <summary>
    /// Splits all lanes among the ranks: first the smallest greatest share (it decides the step's time), then the fewest tree nodes in all
    /// (they decide what crosses the wire). Ranks beyond the lane count get no lanes: they are hot spares.
    /// </summary>
    /// <returns>One range per rank, in rank order; the ranges partition 0..lanes-1.</returns>
    public static IReadOnlyList<LaneRange> Split(int lanes, int worldSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(worldSize, 1);
        var busy = Math.Min(lanes, worldSize);
        var share = (lanes + busy - 1) / busy;
        var (cost, start) = FewestNodes(lanes, busy, share);
        if (cost[busy, lanes] == int.MaxValue) throw new InvalidOperationException($"no split of {lanes} lanes among {busy} ranks");

        var ranges = new LaneRange[worldSize];
        for (int rank = busy, end = lanes; rank > 0; rank--)
        {
            ranges[rank - 1] = new LaneRange(start[rank, end], end);
            end = start[rank, end];
        }
        for (var rank = busy; rank < worldSize; rank++) ranges[rank] = new LaneRange(lanes, lanes);
        return ranges;
    }

    /// <summary>cost[k, e]: fewest nodes when k ranks hold lanes 0..e-1; start[k, e]: where the last of them begins.</summary>
    private static (int[,] Cost, int[,] Start) FewestNodes(int lanes, int ranks, int share)
    {
        var cost = new int[ranks + 1, lanes + 1];
        var start = new int[ranks + 1, lanes + 1];
        for (var k = 0; k <= ranks; k++)
            for (var e = 0; e <= lanes; e++)
                cost[k, e] = k == 0 && e == 0 ? 0 : int.MaxValue;
        for (var begin = 0; begin < lanes; begin++)
        {
            for (var end = begin + 1; end <= Math.Min(lanes, begin + share); end++)
            {
                var nodes = CanonicalTree.Cover(new LaneRange(begin, end), lanes).Count;
                for (var k = 1; k <= ranks; k++)
                {
                    if (cost[k - 1, begin] == int.MaxValue || cost[k - 1, begin] + nodes >= cost[k, end]) continue;
                    cost[k, end] = cost[k - 1, begin] + nodes;
                    start[k, end] = begin;
                }
            }
        }
        return (cost, start);
    }
}
