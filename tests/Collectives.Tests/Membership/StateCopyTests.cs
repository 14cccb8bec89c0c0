using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class StateCopyTests
{
    private static readonly Position Ahead = new(7, 6, [1, 2, 3]);

    [Fact]
    public async Task A_copy_makes_the_replicas_equal_and_brings_the_entries_that_nobody_has_acknowledged()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, TestReplica.Length);
        await ranks.ConnectAsync();
        var (source, target) = (await TrainedAsync(), new TestReplica());
        LedgerEntry[] entries = [new() { Step = 6 }, new() { Step = 7 }];
        var receiving = ranks.Groups[1].Copy.ReceiveAsync(0, target, default);
        ranks.Groups[0].Copy.Begin([1], Ahead, source, entries, default);
        await ranks.Groups[0].Copy.SentAsync();

        var (position, unacknowledged) = await receiving.WaitAsync(Transport.Patience.Limit);

        Assert.True(position.Same(Ahead));
        Assert.Equal(Ahead.LedgerHead, position.LedgerHead);
        Assert.Equal(entries, unacknowledged);
        Assert.Equal(source.StateDigest(source.State), target.StateDigest(target.State));
    }

    [Fact]
    public async Task A_replica_without_state_receives_one_in_its_own_buffers()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, TestReplica.Length);
        var (source, target, buffers) = (await TrainedAsync(), new TestReplica(), new TestReplica().State);
        ranks.Groups[1].Copy.InPlace = buffers;
        await ranks.ConnectAsync();
        var receiving = ranks.Groups[1].Copy.ReceiveAsync(0, target, default);
        ranks.Groups[0].Copy.Begin([1], Ahead, source, [], default);
        await receiving.WaitAsync(Transport.Patience.Limit);

        Assert.Equal(source.StateDigest(source.State), target.StateDigest(buffers));
        Assert.Equal((1, Convert.ToHexString(source.StateDigest(source.State))), (target.Adopted, Convert.ToHexString(target.StateDigest(target.State))));
    }

    [Fact]
    public async Task A_tampered_copy_is_refused_and_leaves_the_replica_as_it_was()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, TestReplica.Length);
        await ranks.ConnectAsync();
        var (source, target) = (await TrainedAsync(), new TestReplica());
        var before = target.StateDigest(target.State);
        var receiving = ranks.Groups[1].Copy.ReceiveAsync(0, target, default);
        // Between digest and sending a bit turns.
        source.TurnsAfterDigest = true;
        ranks.Groups[0].Copy.Begin([1], Ahead, source, [], default);
        await ranks.Groups[0].Copy.SentAsync();

        var fault = await Assert.ThrowsAsync<PeerException>(() => receiving).WaitAsync(Transport.Patience.Limit);

        Assert.Equal((Trouble.Types.Kind.BadCopy, 0), (fault.Kind, Assert.Single(fault.Ranks)));
        Assert.Equal((0, Convert.ToHexString(before)), (target.Adopted, Convert.ToHexString(target.StateDigest(target.State))));
    }

    [Fact]
    public async Task A_copy_that_is_given_up_ends_when_nothing_reads_the_state_any_more()
    {
        var held = new TaskCompletionSource();
        await using var ranks = await Ranks.OpenAsync(
            2, 8, TestReplica.Length, wrap: (_, inner) => new ObservedTransport(inner, header => header.Kind == FrameKind.State ? held.Task : Task.CompletedTask));
        await ranks.ConnectAsync();
        var target = new TestReplica();
        var receiving = ranks.Groups[1].Copy.ReceiveAsync(0, target, default);
        ranks.Groups[0].Copy.Begin([1], Ahead, await TrainedAsync(), [], default);
        var sent = ranks.Groups[0].Copy.SentAsync();
        Assert.False(sent.IsCompleted);

        var end = ranks.Groups[0].Copy.EndAsync();
        Assert.False(end.IsCompleted);
        held.SetResult();
        await end.WaitAsync(Transport.Patience.Limit);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sent);
        ranks.Network.Break(0, 1);
        await Assert.ThrowsAsync<PeerException>(() => receiving).WaitAsync(Transport.Patience.Limit);
        Assert.Equal(0, target.Adopted);
    }

    [Fact]
    public async Task A_source_that_goes_while_it_copies_ends_the_wait()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, TestReplica.Length);
        await ranks.ConnectAsync();
        var target = new TestReplica();
        var receiving = ranks.Groups[1].Copy.ReceiveAsync(0, target, default);
        ranks.Network.Break(0, 1);
        await Assert.ThrowsAsync<PeerException>(() => receiving).WaitAsync(Transport.Patience.Limit);
        Assert.Equal(0, target.Adopted);
    }

    [Fact]
    public async Task State_of_another_rank_than_the_source_is_refused()
    {
        await using var ranks = await Ranks.OpenAsync(3, 8, TestReplica.Length);
        var receiving = ranks.Groups[1].Copy.ReceiveAsync(0, new TestReplica(), default);
        Assert.True(ranks.Groups[1].TryAdmit(new LinkIdentity(1, 2, 1), out var sink));
        Assert.Throws<ProtocolException>(() => sink!.TryOpen(new FrameHeader(FrameKind.StateHeader, 2, 1, 7, 0, 0, 0, 10), out _));
        sink!.Ended("refused");
        Assert.False(receiving.IsCompleted);
        Assert.True(ranks.Groups[1].TryAdmit(new LinkIdentity(1, 0, 1), out var right));
        right!.Ended("gone");
        await Assert.ThrowsAsync<PeerException>(() => receiving).WaitAsync(Transport.Patience.Limit);
    }

    private static async Task<TestReplica> TrainedAsync()
    {
        var replica = new TestReplica();
        await replica.RestoreAsync(new RestorePoint(0, [], []), default);
        await replica.ApplyAsync(1, await replica.ComputeLaneAsync(1, 0, default));
        return replica;
    }
}
