using MiniMind.Protos;

namespace MiniMind.Collectives.Reduction;

/// <summary>
/// The sums that travel beside a gradient, per tree node and through the same tree, in float64 and int64.
/// </summary>
/// <param name="LossNumerator">Summed cross-entropy in nats.</param>
/// <param name="Targets">Loss denominator: target tokens.</param>
/// <param name="AuxiliaryLoss">Summed auxiliary loss, already multiplied by its microbatch's denominator.</param>
/// <param name="Correct">Targets whose most likely token was the right one.</param>
/// <param name="Tokens">Tokens computed.</param>
/// <param name="Sequences">Packed sequences computed.</param>
public readonly record struct Sums(
    double LossNumerator, long Targets, double AuxiliaryLoss, long Correct, long Tokens, long Sequences)
{
    public static Sums operator +(Sums left, Sums right) => new(
        left.LossNumerator + right.LossNumerator, left.Targets + right.Targets, left.AuxiliaryLoss + right.AuxiliaryLoss,
        left.Correct + right.Correct, left.Tokens + right.Tokens, left.Sequences + right.Sequences);

    public static Sums Add(Sums left, Sums right) => left + right;

    /// <summary>Nats per target; 0 when there are no targets.</summary>
    public double MeanLoss => Targets == 0 ? 0 : LossNumerator / Targets;

    public TailSums ToWire() => new()
    {
        LossNumerator = LossNumerator, Targets = Targets, AuxiliaryLoss = AuxiliaryLoss, Correct = Correct, Tokens = Tokens,
        Sequences = Sequences,
    };

    public static Sums FromWire(TailSums wire) =>
        new(wire.LossNumerator, wire.Targets, wire.AuxiliaryLoss, wire.Correct, wire.Tokens, wire.Sequences);

    /// <summary>Sums the nodes of all ranks in the canonical tree.</summary>
    /// <exception cref="ArgumentException">The nodes do not make up all lanes.</exception>
    public static Sums Reduce(IReadOnlyDictionary<LaneRange, Sums> nodes, int lanes) => Reduce(nodes, new LaneRange(0, lanes));

    private static Sums Reduce(IReadOnlyDictionary<LaneRange, Sums> nodes, LaneRange node)
    {
        if (nodes.TryGetValue(node, out var sums)) return sums;
        if (node.Count < 2) throw new ArgumentException($"lane {node.First} is missing from the tail", nameof(nodes));
        var (left, right) = CanonicalTree.Children(node);
        return Reduce(nodes, left) + Reduce(nodes, right);
    }
}
