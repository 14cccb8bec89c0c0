namespace MiniMind.Coordinator.Generations;

/// <summary>
/// How many lanes each rank computes: in rank order, each takes the next ones. It changes the time of a step, never its bits. Every rank gets at least one,
/// as long as there are enough; beyond that the slowest are hot spares.
/// </summary>
public static class LaneShares
{
    // Times that differ by less are equal as far as anybody can measure; then fewer tree nodes, which cross the wire, are worth more.
    private const double Alike = 1.05;

    /// <summary>
    /// The shares for ranks of measured speed: those of equal ranks, unless the step gets faster by a clear margin otherwise.
    /// </summary>
    /// <param name="lanes">Lanes of the stage.</param>
    /// <param name="times">Seconds that each rank needs for one lane; only their proportions matter.</param>
    /// <param name="gain">How many times faster the slowest rank must become to be worth it.</param>
    public static IReadOnlyList<int> Choose(int lanes, IReadOnlyList<double> times, double gain)
    {
        var even = Even(lanes, times.Count);
        var best = Split(lanes, times);
        return Slowest(even, times) > gain * Slowest(best, times) ? best : even;
    }

    /// <summary>The shares of ranks that are equally fast.</summary>
    public static IReadOnlyList<int> Even(int lanes, int ranks) => Split(lanes, [.. Enumerable.Repeat(1.0, ranks)]);

    /// <summary>Seconds until the last rank has computed its lanes.</summary>
    public static double Slowest(IReadOnlyList<int> shares, IReadOnlyList<double> times) => shares.Zip(times, (share, time) => share * time).Max();

    /// <summary>No split makes the last rank ready sooner than this: all compute all the time.</summary>
    public static double LeastTime(int lanes, IReadOnlyList<double> times) => lanes / times.Sum(time => 1 / time);

    /// <summary>
    /// First the shortest time until the last rank is ready, then, among times that are practically equal, the fewest tree nodes in all.
    /// </summary>
    public static IReadOnlyList<int> Split(int lanes, IReadOnlyList<double> times)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(times.Count, 1);
        var shares = new int[times.Count];
        int[] busy = [.. Enumerable.Range(0, times.Count).OrderBy(rank => times[rank]).Take(lanes).Order()];
        double[] theirs = [.. busy.Select(rank => times[rank])];
        var limit = ShortestTime(lanes, theirs);
        var (shortest, alike) = (FewestNodes(lanes, theirs, limit), FewestNodes(lanes, theirs, limit * Alike));
        var best = alike.Nodes < shortest.Nodes ? alike : shortest;
        for (var i = 0; i < busy.Length; i++) shares[busy[i]] = best.Shares[i];
        return shares;
    }

    /// <summary>Lane after lane goes to whoever would be ready with it soonest: the optimum for shares of at least one.</summary>
    private static double ShortestTime(int lanes, double[] times)
    {
        var ready = new PriorityQueue<(double Time, int Share), double>(times.Select(time => ((time, 1), 2 * time)));
        var last = times.Max();
        for (var left = lanes - times.Length; left > 0; left--)
        {
            var (time, share) = ready.Dequeue();
            last = Math.Max(last, (share + 1) * time);
            ready.Enqueue((time, share + 1), (share + 2) * time);
        }
        return last;
    }

    private static (int Nodes, int[] Shares) FewestNodes(int lanes, double[] times, double limit)
    {
        var ranks = times.Length;
        // nodes[k, e]: fewest when k ranks hold lanes 0..e-1; start[k, e]: where the last of them begins.
        var (nodes, start) = (new int[ranks + 1, lanes + 1], new int[ranks + 1, lanes + 1]);
        for (var k = 0; k <= ranks; k++)
            for (var end = 0; end <= lanes; end++) nodes[k, end] = k + end == 0 ? 0 : int.MaxValue;
        for (var k = 1; k <= ranks; k++)
        {
            // Rounding must not take away the lane that set the limit.
            var most = Math.Min(lanes, (int)(limit / times[k - 1] * (1 + 1e-9)));
            for (var first = k - 1; first < lanes; first++)
            {
                if (nodes[k - 1, first] == int.MaxValue) continue;
                for (var end = first + 1; end <= Math.Min(lanes - (ranks - k), first + most); end++)
                {
                    var total = nodes[k - 1, first] + NodesOf(first, end, lanes);
                    if (total < nodes[k, end]) (nodes[k, end], start[k, end]) = (total, first);
                }
            }
        }
        var shares = new int[ranks];
        for (int k = ranks, end = lanes; k > 0; end = start[k, end], k--) shares[k - 1] = end - start[k, end];
        return (nodes[ranks, lanes], shares);
    }

    /// <summary>Nodes of the canonical tree that make up lanes first..end-1: aligned powers of two, and what ends at the last lane.</summary>
    private static int NodesOf(int first, int end, int lanes)
    {
        var count = 0;
        for (; first < end; count++)
        {
            var size = first == 0 ? 1 << 30 : first & -first;
            if (end == lanes && lanes - first <= size) return count + 1;
            while (first + size > end) size /= 2;
            first += size;
        }
        return count;
    }
}
