namespace MiniMind.Transformer.Training;

/// <summary>What one microbatch adds to the tail: never a mean, so that sums over any grouping are the same.</summary>
/// <param name="LossNumerator">Cross-entropy in nats, summed over the targets in float64.</param>
/// <param name="Targets">Tokens that had a target.</param>
/// <param name="Correct">Targets than whose logit none was larger; a tie counts.</param>
public readonly record struct MicrobatchSums(double LossNumerator, long Targets, long Correct)
{
    public static MicrobatchSums operator +(MicrobatchSums left, MicrobatchSums right) => Add(left, right);

    public static MicrobatchSums Add(MicrobatchSums left, MicrobatchSums right) =>
        new(left.LossNumerator + right.LossNumerator, left.Targets + right.Targets, left.Correct + right.Correct);
}
