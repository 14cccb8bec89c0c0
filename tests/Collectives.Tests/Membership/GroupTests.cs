using Microsoft.Extensions.Time.Testing;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class GroupTests
{
    // Two segments of 128 floats, each of a chunk of 100 and one of 28.
    private const int Length = 256;

    [Fact]
    public async Task Greeting_tells_every_rank_where_all_stand()
    {
        await using var ranks = await Ranks.OpenAsync(3, 8, 100);
        await ranks.ConnectAsync();
        Position[] own = [new(4, 2, [1, 2]), Position.None, new(5, 5, [3])];
        var seen = await ranks.AllAsync(rank => ranks.Groups[rank].GreetAsync(own[rank], default));
        Assert.All(seen, positions =>
        {
            Assert.Equal(own.Select(position => (position.Step, position.Validated)), positions.Select(position => (position.Step, position.Validated)));
            Assert.Equal([1, 2], positions[0].LedgerHead);
            Assert.Equal(2, Position.Source(positions));
        });
    }

    [Fact]
    public async Task A_peer_that_nobody_listens_for_is_named_unreachable()
    {
        await using var transport = new InMemoryNetwork().CreateTransport("w0");
        var door = new Door(TimeSpan.FromMinutes(1), TimeProvider.System);
        await transport.StartAsync(door, default);
        await using var group = new Group(Plans.Of(1, 0, ["w0", "absent"], 8), transport, new float[10], Plans.Options, TimeProvider.System);
        var fault = await Assert.ThrowsAsync<PeerException>(() => group.ConnectAsync(default));
        Assert.Equal((Trouble.Types.Kind.Unreachable, 1), (fault.Kind, Assert.Single(fault.Ranks)));
        Assert.Contains("absent", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_does_not_enter_is_named_after_the_deadline()
    {
        var time = new FakeTimeProvider();
        var network = new InMemoryNetwork();
        await using var late = network.CreateTransport("w1");
        await late.StartAsync(new Door(TimeSpan.FromDays(1), TimeProvider.System), default);
        await using var transport = network.CreateTransport("w0");
        await using var group = new Group(
            Plans.Of(1, 0, ["w0", "w1"], 8), transport, new float[10], Plans.Options with { PeerDeadline = TimeSpan.FromSeconds(30) }, time);
        var connecting = group.ConnectAsync(default);
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(30));
        var fault = await Assert.ThrowsAsync<PeerException>(() => connecting).WaitAsync(Transport.Patience.Limit);
        Assert.Equal(1, Assert.Single(fault.Ranks));
    }

    [Fact]
    public async Task A_silent_peer_is_named_after_the_deadline()
    {
        var time = new FakeTimeProvider();
        await using var ranks = await Ranks.OpenAsync(3, 8, 100, time);
        await ranks.ConnectAsync();
        ranks.Groups[0].PeerDeadline = TimeSpan.FromSeconds(5);
        var waiting = ranks.Groups[0].Tails.ExchangeAsync(FrameKind.ValidationTail, 3, new Tail(), default);
        var heard = ranks.Groups[0].Tails.HeardOf(FrameKind.ValidationTail, 3)[1];
        var other = ranks.Groups[1].Tails.ExchangeAsync(FrameKind.ValidationTail, 3, new Tail(), default);
        await heard.WaitAsync(default).WaitAsync(Transport.Patience.Limit);

        for (var tick = 0; tick < 3; tick++) time.Advance(TimeSpan.FromSeconds(5));

        var fault = await Assert.ThrowsAsync<PeerException>(() => waiting).WaitAsync(Transport.Patience.Limit);
        Assert.Equal((Trouble.Types.Kind.Silent, 2), (fault.Kind, Assert.Single(fault.Ranks)));
        await ranks.Groups[2].DisposeAsync();
        await Assert.ThrowsAsync<PeerException>(() => other).WaitAsync(Transport.Patience.Limit);
    }

    [Fact]
    public async Task Disposal_waits_for_the_copy_in_flight_and_takes_no_frame_afterwards()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, Length);
        var group = ranks.Groups[0];
        Assert.True(group.TryAdmit(new LinkIdentity(1, 1, 0), out var sink));
        var header = new FrameHeader(FrameKind.Reduced, 1, 1, 1, 0, 0, 4 * 128, 4 * 100);
        Assert.True(sink!.TryOpen(header, out var destination));

        var disposal = group.DisposeAsync().AsTask();
        Assert.False(disposal.IsCompleted);
        destination.Span.Fill(1);
        sink.Complete(header, arrived: true);
        await disposal.WaitAsync(Transport.Patience.Limit);

        Assert.False(sink.TryOpen(header, out _));
        Assert.False(group.TryAdmit(new LinkIdentity(1, 1, 0), out _));
    }

    [Theory]
    [InlineData(0, 0)] // itself
    [InlineData(1, 1)] // somebody else's
    [InlineData(2, 0)] // no such rank
    [InlineData(-1, 0)]
    public async Task A_link_that_makes_no_sense_is_refused(int from, int to)
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, Length);
        Assert.True(ranks.Groups[0].TryAdmit(new LinkIdentity(1, from, to), out var sink));
        Assert.Null(sink);
    }

    [Fact]
    public async Task A_second_link_of_a_rank_is_refused()
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, Length);
        Assert.True(ranks.Groups[0].TryAdmit(new LinkIdentity(1, 1, 0), out var first));
        Assert.True(ranks.Groups[0].TryAdmit(new LinkIdentity(1, 1, 0), out var second));
        Assert.NotNull(first);
        Assert.Null(second);
    }

    public static TheoryData<FrameHeader> Senseless => new()
    {
        new FrameHeader(FrameKind.Contribution, 1, 1, 1, 0, 8, 0, 4 * 100),     // a node that rank 1 does not hold
        new FrameHeader(FrameKind.Contribution, 1, 1, 1, 4, 8, 4, 4 * 100),     // not where a chunk begins
        new FrameHeader(FrameKind.Reduced, 1, 1, 1, 0, 0, 0, 4 * 100),          // rank 0's own segment
        new FrameHeader(FrameKind.Tail, 1, 1, 1, 0, 0, 0, 2 << 20),             // far too long
        new FrameHeader(FrameKind.State, 1, 1, 1, 0, 0, 0, 16),                 // no header before it
        new FrameHeader((FrameKind)77, 1, 1, 1, 0, 0, 0, 0),
        new FrameHeader(FrameKind.Tail, 1, 2, 1, 0, 0, 0, 0),                   // another generation
    };

    [Theory]
    [MemberData(nameof(Senseless))]
    public async Task A_frame_that_makes_no_sense_breaks_its_link_and_nothing_else(FrameHeader header)
    {
        await using var ranks = await Ranks.OpenAsync(2, 8, Length);
        Assert.True(ranks.Groups[0].TryAdmit(new LinkIdentity(1, 1, 0), out var sink));
        Assert.Throws<ProtocolException>(() => sink!.TryOpen(header, out _));
        // No copy is left open: disposal does not wait.
        await ranks.Groups[0].DisposeAsync().AsTask().WaitAsync(Transport.Patience.Limit);
    }

    [Fact]
    public async Task Parts_run_together_are_all_awaited_and_the_first_fault_is_the_one_thrown()
    {
        var ended = 0;
        async Task UntilCancelled(CancellationToken token)
        {
            try
            {
                await new Waiter().WaitAsync(token);
            }
            finally
            {
                ended++;
            }
        }
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Group.TogetherAsync(
            [UntilCancelled, async _ =>
            {
                await Task.Yield();
                throw new InvalidOperationException("first");
            }, UntilCancelled], default));
        Assert.Equal(("first", 2), (fault.Message, ended));
    }
}
