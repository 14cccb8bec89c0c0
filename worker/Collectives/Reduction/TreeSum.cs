using System.Numerics;
using System.Runtime.InteropServices;

namespace MiniMind.Collectives.Reduction;

/// <summary>Where a tree node's floats are: <paramref name="Values"/>[0] is float <paramref name="Start"/> of the whole gradient.</summary>
public readonly record struct NodeValues(LaneRange Node, Memory<float> Values, int Start);

/// <summary>Finishes the canonical tree over a stretch of the gradient from the nodes that the ranks hold.</summary>
public sealed class TreeSum
{
    // Four thousand floats of a few levels stay in the first-level cache.
    private const int BlockLength = 4096;

    private readonly LaneRange _root;
    private readonly Dictionary<LaneRange, NodeValues> _nodes;
    private readonly List<float[]> _scratch = [];

    /// <param name="lanes">Lanes of the stage.</param>
    /// <param name="nodes">Nodes that together make up all lanes.</param>
    public TreeSum(int lanes, IEnumerable<NodeValues> nodes)
    {
        _root = new LaneRange(0, lanes);
        _nodes = nodes.ToDictionary(node => node.Node);
    }

    /// <summary>
    /// Writes the sums of floats offset..offset+length-1 into <paramref name="destination"/>, which may be one of the nodes' memories at the same place.
    /// </summary>
    public void Finish(int offset, int length, Span<float> destination)
    {
        for (var done = 0; done < length; done += BlockLength)
        {
            var count = Math.Min(BlockLength, length - done);
            Sum(_root, 0, offset + done, count).CopyTo(destination.Slice(done, count));
        }
    }

    /// <summary>left + right, element by element; left may be the destination.</summary>
    public static void Add(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> destination)
    {
        var wide = MemoryMarshal.Cast<float, Vector<float>>(destination);
        var wideLeft = MemoryMarshal.Cast<float, Vector<float>>(left);
        var wideRight = MemoryMarshal.Cast<float, Vector<float>>(right);
        for (var i = 0; i < wide.Length; i++) wide[i] = wideLeft[i] + wideRight[i];
        for (var i = wide.Length * Vector<float>.Count; i < destination.Length; i++) destination[i] = left[i] + right[i];
    }

    private ReadOnlySpan<float> Sum(LaneRange node, int level, int offset, int count)
    {
        if (_nodes.TryGetValue(node, out var values)) return values.Values.Span.Slice(offset - values.Start, count);
        var (left, right) = CanonicalTree.Children(node);
        if (_scratch.Count == level) _scratch.Add(new float[BlockLength]);
        var result = _scratch[level].AsSpan(0, count);
        var leftSum = Sum(left, level, offset, count);
        var rightSum = Sum(right, level + 1, offset, count);
        Add(leftSum, rightSum, result);
        return result;
    }
}
