using Microsoft.Extensions.Time.Testing;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

public sealed class PulsesTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.25);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_peer_without_a_sign_of_life_is_named_and_one_that_merely_takes_its_time_is_not()
    {
        await using var group = NewGroup();
        group.Pulses.Start();
        var (slow, _) = (Admit(group, 1), Admit(group, 2));
        var waiting = group.WaitAsync(group.Track(new Owed("reduce", 3, [0, 1, 1])), default);

        for (var ticks = 0; ticks < 12; ticks++) Pass(Interval, slow);
        Assert.False(waiting.IsCompleted);
        Pass(Interval, slow);

        var fault = await Assert.ThrowsAsync<PeerException>(() => waiting).WaitAsync(Transport.Patience.Limit);
        Assert.Equal((Trouble.Types.Kind.Lifeless, 2), (fault.Kind, Assert.Single(fault.Ranks)));
        Assert.Contains("reduce of step 3: no sign of life from rank 2 for 3.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_owes_nothing_may_be_silent()
    {
        await using var group = NewGroup();
        group.Pulses.Start();
        var (slow, _) = (Admit(group, 1), Admit(group, 2));
        var waiting = group.WaitAsync(group.Track(new Owed("reduce", 3, [0, 1, 0])), default);

        for (var ticks = 0; ticks < 40; ticks++) Pass(Interval, slow);

        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task Silence_is_no_reason_for_alarm_while_states_are_copied()
    {
        await using var group = NewGroup();
        group.Pulses.Start();
        Admit(group, 1);
        group.AllowForState(group.Options.SlowestCopy * 60);
        var waiting = group.WaitAsync(group.Track(new Owed("copy of the state", 0, [0, 1, 0])), default);

        for (var ticks = 0; ticks < 40; ticks++) Pass(Interval);

        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task Silence_begins_later_where_a_peer_is_often_heard_late()
    {
        await using var group = NewGroup();
        group.Pulses.Start();
        var peer = Admit(group, 1);
        var waiting = group.WaitAsync(group.Track(new Owed("reduce", 3, [0, 1, 0])), default);
        for (var ticks = 0; ticks < 8; ticks++) Pass(Interval);
        Pass(Interval, peer);

        for (var ticks = 0; ticks < 6 * 4; ticks++) Pass(Interval);
        Assert.False(waiting.IsCompleted);
        for (var ticks = 0; ticks < 4; ticks++) Pass(Interval);

        await Assert.ThrowsAsync<PeerException>(() => waiting).WaitAsync(Transport.Patience.Limit);
    }

    [Fact]
    public async Task Ranks_that_have_nothing_to_say_tell_each_other_that_they_live()
    {
        var pulse = new TaskCompletionSource();
        Task Watch(FrameHeader header)
        {
            if (header is { Kind: FrameKind.Pulse, From: 1 }) pulse.TrySetResult();
            return Task.CompletedTask;
        }
        await using var ranks = await Ranks.OpenAsync(2, 8, 100, _time, wrap: (_, transport) => new ObservedTransport(transport, Watch));
        await ranks.ConnectAsync();

        _time.Advance(Interval);

        await pulse.Task.WaitAsync(Transport.Patience.Limit);
    }

    [Fact]
    public async Task A_frame_waits_for_the_pulse_that_is_under_way()
    {
        var (begun, leave) = (new TaskCompletionSource(), new TaskCompletionSource());
        var sent = new List<FrameKind>();
        async Task Hold(FrameHeader header)
        {
            if (header.From != 0) return;
            lock (sent) sent.Add(header.Kind);
            if (header.Kind != FrameKind.Pulse) return;
            begun.TrySetResult();
            await leave.Task;
        }
        await using var ranks = await Ranks.OpenAsync(2, 8, 100, _time, wrap: (_, transport) => new ObservedTransport(transport, Hold));
        await ranks.ConnectAsync();
        _time.Advance(Interval);
        await begun.Task.WaitAsync(Transport.Patience.Limit);

        var greeting = ranks.AllAsync(rank => ranks.Groups[rank].GreetAsync(Position.None, default));
        lock (sent) Assert.Equal([FrameKind.Pulse], sent);
        leave.SetResult();

        await greeting;
        lock (sent) Assert.Equal([FrameKind.Pulse, FrameKind.Hello], sent);
    }

    private Group NewGroup() => new(
        Plans.Of(1, 0, ["w0", "w1", "w2"], 8), new InMemoryNetwork().CreateTransport("w0"), new float[10],
        Plans.Options with { PulseInterval = Interval, PeerSilence = TimeSpan.FromSeconds(2.5) }, _time);

    private static IFrameSink Admit(Group group, int rank)
    {
        Assert.True(group.TryAdmit(new LinkIdentity(1, rank, 0), out var sink));
        return sink!;
    }

    /// <summary>Time passes, then these peers say that they live.</summary>
    private void Pass(TimeSpan time, params IFrameSink[] alive)
    {
        _time.Advance(time);
        foreach (var (index, sink) in alive.Index())
        {
            var header = new FrameHeader(FrameKind.Pulse, index + 1, 1, 0, 0, 0, 0, 0);
            Assert.True(sink.TryOpen(header, out _));
            sink.Complete(header, arrived: true);
        }
    }
}
