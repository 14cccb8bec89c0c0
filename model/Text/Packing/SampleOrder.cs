namespace MiniMind.Text.Packing;

/// <summary>
/// Which sequences each microbatch of a stage takes: a pure function of its arguments, so that every rank, and every resumed run, agrees.
/// Each epoch is a permutation of all sequences drawn from (seed, stage, epoch). A step takes the next global batch of it, lane by lane,
/// microbatch by microbatch; an epoch's last global batch is short, and no step spans two epochs. Thread-safe; keeps one epoch's
/// permutation (4 bytes per sequence) in memory.
/// </summary>
public sealed class SampleOrder
{
    private readonly ulong _seed;
    private readonly int _stageIndex;
    private readonly int _lanes;
    private readonly int _microbatchesPerLane;
    private readonly int _sequencesPerMicrobatch;
    private readonly int _sequences;
    private readonly Lock _lock = new();
    private (long Epoch, int[] Order)? _permutation;

    /// <param name="seed">The run's seed.</param>
    /// <param name="stageIndex">Index of the stage in its pipeline.</param>
    /// <param name="sequences">Sequences in the stage's data, at least 1.</param>
    /// <param name="lanes">Lanes of the stage.</param>
    /// <param name="microbatchesPerLane">Microbatches that a lane computes in one step.</param>
    /// <param name="sequencesPerMicrobatch">Sequences of one forward and backward.</param>
    /// <param name="epochs">Times that the stage goes through its data.</param>
    public SampleOrder(ulong seed, int stageIndex, long sequences, int lanes, int microbatchesPerLane, int sequencesPerMicrobatch, int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sequences, Array.MaxLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(microbatchesPerLane, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sequencesPerMicrobatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        (_seed, _stageIndex, _sequences) = (seed, stageIndex, (int)sequences);
        (_lanes, _microbatchesPerLane, _sequencesPerMicrobatch) = (lanes, microbatchesPerLane, sequencesPerMicrobatch);
        GlobalBatch = (long)lanes * microbatchesPerLane * sequencesPerMicrobatch;
        StepsPerEpoch = (sequences + GlobalBatch - 1) / GlobalBatch;
        TotalSteps = StepsPerEpoch * epochs;
    }

    /// <summary>Sequences of a full step.</summary>
    public long GlobalBatch { get; }

    public long StepsPerEpoch { get; }

    public long TotalSteps { get; }

    /// <summary>Epoch of a step, from 0.</summary>
    /// <param name="step">From 1 to <see cref="TotalSteps"/>.</param>
    public long Epoch(long step) => (Checked(step) - 1) / StepsPerEpoch;

    /// <summary>Positions in the stage's sample order, First to End - 1, that a step takes. Epoch e has the positions from e times the sequences.</summary>
    /// <param name="step">From 1 to <see cref="TotalSteps"/>.</param>
    public (long First, long End) Samples(long step)
    {
        long epoch = Epoch(step);
        long first = (step - 1) % StepsPerEpoch * GlobalBatch;
        long end = Math.Min(first + GlobalBatch, _sequences);
        return (epoch * _sequences + first, epoch * _sequences + end);
    }

    /// <summary>Sequence numbers of one microbatch; fewer than usual, or none, in an epoch's short last step.</summary>
    /// <param name="step">From 1 to <see cref="TotalSteps"/>.</param>
    /// <param name="lane">From 0.</param>
    /// <param name="microbatch">Index within the lane, from 0.</param>
    public IReadOnlyList<long> Microbatch(long step, int lane, int microbatch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, _lanes);
        ArgumentOutOfRangeException.ThrowIfNegative(microbatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(microbatch, _microbatchesPerLane);
        long epoch = Epoch(step);
        var (stepFirst, stepEnd) = Samples(step);
        long first = stepFirst + ((long)lane * _microbatchesPerLane + microbatch) * _sequencesPerMicrobatch;
        long end = Math.Min(first + _sequencesPerMicrobatch, stepEnd);
        if (end <= first) return [];
        int[] order = Permutation(epoch);
        var sequences = new long[end - first];
        for (int i = 0; i < sequences.Length; i++) sequences[i] = order[first - epoch * _sequences + i];
        return sequences;
    }

    private int[] Permutation(long epoch)
    {
        lock (_lock)
        {
            if (_permutation is { } known && known.Epoch == epoch) return known.Order;
            var order = new int[_sequences];
            var random = new Xoshiro256(_seed, (ulong)_stageIndex, (ulong)epoch);
            // Fisher and Yates, from the inside out.
            for (int i = 0; i < order.Length; i++)
            {
                int other = (int)random.Below((ulong)i + 1);
                order[i] = order[other];
                order[other] = i;
            }

            _permutation = (epoch, order);
            return order;
        }
    }

    private long Checked(long step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(step, TotalSteps);
        return step;
    }
}
