using MiniMind.Collectives.Reduction;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Computes the lanes of a rank and combines them into the rank's tree nodes. At most log2(lanes) + 1 gradients are alive beside the replica's own.
/// </summary>
public sealed class LaneAccumulator(IReplica replica, int lanes) : IDisposable
{
    private readonly Stack<FlatBuffer> _free = new();
    private readonly List<FlatBuffer> _all = [];

    /// <summary>Called when a lane has been computed; its gradient is still the replica's own.</summary>
    public Action<int, Sums>? LaneComputed { get; init; }

    /// <summary>
    /// Computes all lanes of a range for one step. The returned values stay valid until the next call; those of the last node are the replica's gradient itself.
    /// </summary>
    public async Task<(IReadOnlyList<NodeValues> Values, IReadOnlyDictionary<LaneRange, Sums> Sums)> ComputeAsync(
        long step, LaneRange own, CancellationToken cancellation)
    {
        _free.Clear();
        foreach (var buffer in _all) _free.Push(buffer);
        var cover = CanonicalTree.Cover(own, lanes);
        var values = new List<NodeValues>();
        var sums = new Dictionary<LaneRange, Sums>();
        foreach (var node in cover)
        {
            sums.Add(node, await ComputeNodeAsync(step, node, cancellation));
            var last = node == cover[^1];
            values.Add(new NodeValues(node, last ? replica.Gradient : KeepGradient().Memory, 0));
        }
        return (values, sums);
    }

    public void Dispose()
    {
        foreach (var buffer in _all) ((IDisposable)buffer).Dispose();
    }

    /// <summary>Leaves the sum over the node's lanes in the replica's gradient.</summary>
    private async Task<Sums> ComputeNodeAsync(long step, LaneRange node, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (node.Count == 1)
        {
            var lane = await replica.ComputeLaneAsync(step, node.First, cancellation);
            LaneComputed?.Invoke(node.First, lane);
            return lane;
        }
        var (left, right) = CanonicalTree.Children(node);
        var leftSums = await ComputeNodeAsync(step, left, cancellation);
        var leftGradient = KeepGradient();
        var rightSums = await ComputeNodeAsync(step, right, cancellation);
        TreeSum.Add(leftGradient.GetSpan(), replica.Gradient.Span, replica.Gradient.Span);
        _free.Push(leftGradient);
        return leftSums + rightSums;
    }

    private FlatBuffer KeepGradient()
    {
        if (!_free.TryPop(out var buffer))
        {
            buffer = new FlatBuffer(replica.Gradient.Length);
            _all.Add(buffer);
        }
        replica.Gradient.Span.CopyTo(buffer.GetSpan());
        return buffer;
    }
}
