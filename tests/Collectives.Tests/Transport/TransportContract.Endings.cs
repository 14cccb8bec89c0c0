using System.Collections.Concurrent;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Tests.Transport;

/// <summary>How links end and break.</summary>
public abstract partial class TransportContract
{
    [Fact]
    public async Task Send_on_a_closed_link_throws()
    {
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);
        await link.DisposeAsync();
        await link.DisposeAsync();

        await Assert.ThrowsAsync<LinkException>(() => link.SendAsync(Header(0, 4), new byte[4], default).AsTask());
        Assert.Null(await sink.End);
        Assert.Single(sink.Ends);
    }

    [Fact]
    public async Task Sink_that_fails_breaks_the_link_and_leaves_the_others_alone()
    {
        var failing = new FailingSink();
        var sound = new RecordingSink();
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(
            (identity, _) => ValueTask.FromResult<IFrameSink?>(identity.To == 1 ? failing : sound)));
        var broken = await sender.ConnectAsync(endpoint, ZeroToOne, default);
        var link = await sender.ConnectAsync(endpoint, ZeroToOne with { To = 2 }, default);

        Assert.Contains("no such buffer", (await SendUntilBrokenAsync(broken)).Message, StringComparison.Ordinal);
        Assert.Contains("no such buffer", await failing.End.Task.WaitAsync(Patience.Limit), StringComparison.Ordinal);

        await link.SendAsync(Header(0, 4), new byte[4], default);
        await link.DisposeAsync();
        Assert.Null(await sound.End);
    }

    [Fact]
    public async Task Shut_down_during_admission_fails_the_connect()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(async (_, cancellation) =>
        {
            asked.SetResult();
            return await new TaskCompletionSource<IFrameSink?>().Task.WaitAsync(cancellation);
        }));
        var connecting = sender.ConnectAsync(endpoint, ZeroToOne, default);
        await asked.Task.WaitAsync(Patience.Limit);

        await _transports[1].DisposeAsync().AsTask().WaitAsync(Patience.Limit);

        await Assert.ThrowsAsync<LinkException>(() => connecting.WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task Sink_that_takes_no_more_frames_ends_the_link_for_both()
    {
        var sink = new RecordingSink { ClosedFromStep = 3 };
        var link = await ConnectAsync(sink);

        var broken = await SendUntilBrokenAsync(link);

        Assert.NotNull(await sink.End);
        Assert.Contains("takes no more frames", broken.Message, StringComparison.Ordinal);
        Assert.Equal([0L, 1L, 2L], sink.Frames.Select(frame => frame.Header.Step));
        Assert.Equal(sink.Opened, sink.Completed);
    }

    [Fact]
    public async Task Senseless_frame_breaks_the_link_with_the_receivers_words()
    {
        var sink = new RecordingSink { SenselessFrom = (2, "lane 99 does not exist") };
        var link = await ConnectAsync(sink);

        var broken = await SendUntilBrokenAsync(link);

        Assert.Contains("lane 99 does not exist", broken.Message, StringComparison.Ordinal);
        Assert.Equal("lane 99 does not exist", await sink.End);
        Assert.Equal(2, sink.Frames.Count);
    }

    [Fact]
    public async Task Cancelled_send_breaks_the_link_for_both()
    {
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => link.SendAsync(Header(0, 4), new byte[4], new CancellationToken(canceled: true)).AsTask());

        await Assert.ThrowsAsync<LinkException>(() => link.SendAsync(Header(1, 4), new byte[4], default).AsTask());
        Assert.NotNull(await sink.End);
        Assert.Empty(sink.Frames);
    }

    [Fact]
    public async Task Receiver_shut_down_is_told_to_its_sink_and_to_the_sender()
    {
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);
        await link.SendAsync(Header(0, 4), new byte[4], default);
        await sink.WaitForFramesAsync(1);

        await _transports[1].DisposeAsync().AsTask().WaitAsync(Patience.Limit);

        Assert.NotNull(Assert.Single(sink.Ends));
        await SendUntilBrokenAsync(link);
    }

    [Fact]
    public async Task Sender_shut_down_is_told_to_the_sink_and_breaks_its_links()
    {
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);
        await link.SendAsync(Header(0, 4), new byte[4], default);
        await sink.WaitForFramesAsync(1);

        await _transports[0].DisposeAsync().AsTask().WaitAsync(Patience.Limit);

        Assert.NotNull(await sink.End);
        await Assert.ThrowsAsync<LinkException>(() => link.SendAsync(Header(1, 4), new byte[4], default).AsTask());
    }

    [Fact]
    public async Task Link_is_open_again_after_an_earlier_one_broke()
    {
        var sinks = new ConcurrentQueue<RecordingSink>([new RecordingSink { ClosedFromStep = 0 }, new RecordingSink()]);
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(
            (_, _) => ValueTask.FromResult<IFrameSink?>(sinks.TryDequeue(out var next) ? next : null)));
        var second = sinks.Last();
        await using (var broken = await sender.ConnectAsync(endpoint, ZeroToOne, default)) await SendUntilBrokenAsync(broken);

        var link = await sender.ConnectAsync(endpoint, ZeroToOne, default);
        await link.SendAsync(Header(5, 3), new byte[3], default);
        await link.DisposeAsync();

        Assert.Null(await second.End);
        Assert.Equal(5, Assert.Single(second.Frames).Header.Step);
    }
}
