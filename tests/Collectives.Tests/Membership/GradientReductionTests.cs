using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Tests.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class GradientReductionTests
{
    private const int Length = 1500;

    [Theory]
    [InlineData(16, 1)]
    [InlineData(16, 2)]
    [InlineData(16, 3)]
    [InlineData(16, 5)]
    [InlineData(7, 4)]
    [InlineData(2, 5)] // three spares
    [InlineData(1, 3)] // one rank computes everything
    public async Task Several_steps_in_a_row_give_every_rank_the_bits_of_a_single_rank(int lanes, int worldSize)
    {
        await using var ranks = await Ranks.OpenAsync(worldSize, lanes, Length);
        await ranks.ConnectAsync();
        await CheckStepsAsync(ranks, lanes, steps: 12);
    }

    /// <summary>Sends that take their time end in any order relative to the arrival of tails, as over a real network.</summary>
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(8, 3)]
    public async Task Slow_sends_beside_spares_still_end(int lanes, int worldSize)
    {
        await using var ranks = await Ranks.OpenAsync(worldSize, lanes, Length, wrap: (_, transport) => new ObservedTransport(transport, async header =>
        {
            for (var i = 0; i < (header.Kind == FrameKind.Contribution ? 20 : 0); i++) await Task.Yield();
        }));
        await ranks.ConnectAsync();
        await CheckStepsAsync(ranks, lanes, steps: 40);
    }

    [Fact]
    public async Task A_gradient_shorter_than_the_number_of_ranks_is_summed()
    {
        await using var ranks = await Ranks.OpenAsync(worldSize: 4, lanes: 8, length: 3);
        await ranks.ConnectAsync();
        await CheckStepsAsync(ranks, 8, steps: 3, length: 3);
    }

    [Fact]
    public async Task Tails_of_all_ranks_come_back_in_rank_order()
    {
        await using var ranks = await Ranks.OpenAsync(3, 8, Length);
        await ranks.ConnectAsync();
        var tails = await ranks.AllAsync(rank => ReduceAsync(ranks, rank, 8, step: 1));
        Assert.All(tails, seen => Assert.Equal([100L, 101L, 102L], seen.Select(tail => tail.NextGeneration)));
    }

    [Fact]
    public async Task A_rank_that_comes_late_is_waited_for_and_finds_what_was_sent_before()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, Length);
        await ranks.ConnectAsync();
        var early = ReduceAsync(ranks, 0, 8, step: 1);
        // Everything that rank 0 can send has arrived at rank 1 when its tail has: before rank 1 has computed anything.
        await ranks.Groups[1].Tails.HeardOf(FrameKind.Tail, 1)[0].WaitAsync(default).WaitAsync(Transport.Patience.Limit);
        Assert.False(early.IsCompleted);
        await ReduceAsync(ranks, 1, 8, step: 1);
        await early;
        Assert.Equal(Expected(1, 8), ranks.Gradients[0]);
        Assert.Equal(Expected(1, 8), ranks.Gradients[1]);
    }

    [Fact]
    public async Task A_link_that_breaks_ends_the_wait_and_accuses_nobody()
    {
        await using var ranks = await Ranks.OpenAsync(3, 8, Length);
        await ranks.ConnectAsync();
        var waiting = ReduceAsync(ranks, 0, 8, step: 1);
        ranks.Network.Break(2, 0);
        var fault = await Assert.ThrowsAsync<PeerException>(() => waiting).WaitAsync(Transport.Patience.Limit);
        Assert.Equal(Trouble.Types.Kind.Unreachable, fault.Kind);
        Assert.Empty(fault.Ranks);
        Assert.Contains("rank 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_broke_before_the_step_ends_it_at_once()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, Length);
        await ranks.ConnectAsync();
        var greeting = ranks.Groups[0].GreetAsync(Position.None, default);
        ranks.Network.Break(1, 0);
        await Assert.ThrowsAsync<PeerException>(() => greeting).WaitAsync(Transport.Patience.Limit);
        await Assert.ThrowsAsync<PeerException>(() => ReduceAsync(ranks, 0, 8, step: 1)).WaitAsync(Transport.Patience.Limit);
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_says_so()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, Length);
        await ranks.ConnectAsync();
        using var over = new CancellationTokenSource();
        var waiting = ReduceAsync(ranks, 0, 8, 1, over.Token);
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting).WaitAsync(Transport.Patience.Limit);
    }

    private static async Task CheckStepsAsync(Ranks ranks, int lanes, int steps, int length = Length)
    {
        await ranks.AllAsync(async rank =>
        {
            for (var step = 1; step <= steps; step++)
            {
                await ReduceAsync(ranks, rank, lanes, step);
                Assert.Equal(Expected(step, lanes, length), ranks.Gradients[rank]);
            }
        });
    }

    /// <summary>As a step does it: the sum over the last node is in the gradient itself, the others are beside it.</summary>
    private static Task<IReadOnlyList<Tail>> ReduceAsync(Ranks ranks, int rank, int lanes, long step, CancellationToken cancellation = default)
    {
        var group = ranks.Groups[rank];
        var gradient = ranks.Gradients[rank];
        var cover = CanonicalTree.Cover(group.Plan.Members[rank].Lanes, lanes);
        var nodes = new List<NodeValues>();
        foreach (var node in cover)
        {
            var values = LanePartitions.Sum(node.First, node.End, lane => LanePartitions.Gradient(lane, gradient.Length, (int)step));
            if (node == cover[^1]) values.CopyTo(gradient, 0);
            nodes.Add(new NodeValues(node, node == cover[^1] ? gradient : values, 0));
        }
        return group.Reduction.ReduceAsync(step, nodes, new Tail { NextGeneration = 100 + rank }, cancellation);
    }

    private static float[] Expected(long step, int lanes, int length = Length) =>
        LanePartitions.Sum(0, lanes, lane => LanePartitions.Gradient(lane, length, (int)step));
}
