using MiniMind.Text.Packing;

namespace MiniMind.Text.Tests.Packing;

public sealed class SampleOrderTests
{
    private const int Lanes = 4;
    private const int Microbatches = 2;
    private const int PerMicrobatch = 3;

    private static SampleOrder Make(long sequences, ulong seed = 1, int stage = 0, int epochs = 3) =>
        new(seed, stage, sequences, Lanes, Microbatches, PerMicrobatch, epochs);

    private static List<long> Step(SampleOrder order, long step) =>
        [.. Enumerable.Range(0, Lanes).SelectMany(lane => Enumerable.Range(0, Microbatches).SelectMany(micro => order.Microbatch(step, lane, micro)))];

    private static List<long> EpochOf(SampleOrder order, long epoch) =>
        [.. Enumerable.Range(1, (int)order.StepsPerEpoch).SelectMany(step => Step(order, epoch * order.StepsPerEpoch + step))];

    [Theory]
    [InlineData(1)]
    [InlineData(23)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(1000)]
    public void Each_epoch_takes_every_sequence_exactly_once(int sequences)
    {
        var order = Make(sequences);
        for (long epoch = 0; epoch < 3; epoch++)
            Assert.Equal(Enumerable.Range(0, sequences).Select(index => (long)index), EpochOf(order, epoch).Order());
    }

    [Fact]
    public void Sample_ranges_join_without_gap_and_never_span_two_epochs()
    {
        var order = Make(100);
        long expected = 0;
        for (long step = 1; step <= order.TotalSteps; step++)
        {
            var (first, end) = order.Samples(step);
            Assert.Equal(expected, first);
            Assert.Equal(first / 100, (end - 1) / 100);
            Assert.Equal(end - first, Step(order, step).Count);
            expected = end;
        }

        Assert.Equal(300, expected);
        Assert.Equal((5, 15, 24), (order.StepsPerEpoch, order.TotalSteps, order.GlobalBatch));
    }

    [Fact]
    public void Short_last_step_leaves_later_microbatches_empty()
    {
        var order = Make(28);
        Assert.Equal([3, 1, 0, 0, 0, 0, 0, 0], Enumerable.Range(0, Lanes)
            .SelectMany(lane => Enumerable.Range(0, Microbatches).Select(micro => order.Microbatch(2, lane, micro).Count)));
    }

    [Fact]
    public void Order_depends_on_seed_stage_and_epoch_only()
    {
        var reference = EpochOf(Make(500), 0);
        Assert.Equal(reference, EpochOf(Make(500), 0));
        Assert.NotEqual(reference, EpochOf(Make(500, seed: 2), 0));
        Assert.NotEqual(reference, EpochOf(Make(500, stage: 1), 0));
        Assert.NotEqual(reference, EpochOf(Make(500), 1));
    }

    [Fact]
    public void Order_is_the_same_for_ever() => Assert.Equal(Pinned, EpochOf(Make(12, seed: 42), 0));

    [Fact]
    public void Order_is_the_same_whichever_step_is_asked_first()
    {
        var order = Make(100);
        var backwards = Enumerable.Range(1, 15).Reverse().ToDictionary(step => step, step => Step(order, step));
        var forwards = Make(100);
        Assert.All(backwards, step => Assert.Equal(Step(forwards, step.Key), step.Value));
    }

    [Fact]
    public void First_positions_are_spread_evenly()
    {
        // 4,000 permutations of 8: each sequence is first 500 times, give or take 5 standard deviations (21 each).
        var counts = new int[8];
        for (ulong seed = 0; seed < 4000; seed++) counts[Make(8, seed).Microbatch(1, 0, 0)[0]]++;
        Assert.All(counts, count => Assert.InRange(count, 395, 605));
    }

    [Fact]
    public void Steps_and_lanes_outside_are_refused()
    {
        var order = Make(100);
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Samples(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Samples(order.TotalSteps + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Microbatch(1, Lanes, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Microbatch(1, 0, Microbatches));
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(0));
    }

    /// <summary>From a separate implementation of SplitMix64, xoshiro256** and the shuffle.</summary>
    private static readonly long[] Pinned = [8, 7, 9, 11, 0, 4, 5, 1, 6, 10, 2, 3];
}
