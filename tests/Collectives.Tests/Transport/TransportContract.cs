using System.Collections.Concurrent;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Tests.Transport;

/// <summary>What every transport promises; each implementation runs these facts.</summary>
public abstract partial class TransportContract : IAsyncLifetime
{
    private protected const long Generation = 7;
    private protected static readonly LinkIdentity ZeroToOne = new(Generation, 0, 1);

    private readonly List<ITransport> _transports = [];

    private protected abstract ITransport Create();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var transport in _transports) await transport.DisposeAsync().AsTask().WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task Frames_sent_one_after_another_arrive_whole_and_in_order()
    {
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);
        var random = new Random(1);
        var payloads = Enumerable.Range(0, 300).Select(i => RandomBytes(random, i % 7 == 0 ? 0 : random.Next(1, 70_000))).ToList();

        for (var i = 0; i < payloads.Count; i++) await link.SendAsync(Header(i, payloads[i].Length), payloads[i], default);
        await link.DisposeAsync();

        Assert.Null(await sink.End);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => Header(i, payloads[i].Length)), sink.Frames.Select(frame => frame.Header));
        Assert.All(sink.Frames, frame => Assert.Equal(payloads[(int)frame.Header.Step], frame.Payload));
    }

    [Fact]
    public async Task Large_buffer_sent_in_chunks_arrives_bit_exact_in_its_place()
    {
        const int chunk = 512 << 10;
        var source = RandomBytes(new Random(2), (8 << 20) + 12_345);
        var sink = new RecordingSink { Target = new byte[source.Length] };
        var link = await ConnectAsync(sink);

        for (var at = 0; at < source.Length; at += chunk)
        {
            var part = source.AsMemory(at, Math.Min(chunk, source.Length - at));
            await link.SendAsync(Header(0, part.Length) with { Offset = at }, part, default);
        }
        await link.DisposeAsync();

        Assert.Null(await sink.End);
        Assert.True(source.AsSpan().SequenceEqual(sink.Target));
    }

    [Fact]
    public async Task Largest_frame_arrives_bit_exact()
    {
        var source = RandomBytes(new Random(3), FrameRules.LargestPayloadBytes);
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);

        await link.SendAsync(Header(0, source.Length), source, default);
        await link.DisposeAsync();

        Assert.Null(await sink.End);
        Assert.True(source.AsSpan().SequenceEqual(Assert.Single(sink.Frames).Payload));
    }

    [Fact]
    public async Task Payload_memory_may_be_reused_as_soon_as_a_send_completes()
    {
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);
        var memory = new byte[1000];

        for (byte i = 0; i < 100; i++)
        {
            Array.Fill(memory, i);
            await link.SendAsync(Header(i, memory.Length), memory, default);
        }
        await link.DisposeAsync();

        Assert.Null(await sink.End);
        Assert.Equal(100, sink.Frames.Count);
        Assert.All(sink.Frames, frame => Assert.All(frame.Payload, value => Assert.Equal(frame.Header.Step, value)));
    }

    [Fact]
    public async Task Connect_completes_only_when_the_peer_has_admitted_the_link()
    {
        var asked = new TaskCompletionSource<LinkIdentity>(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource<IFrameSink?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var (sender, endpoint) = await StartPairAsync(new TestReceiver((identity, _) =>
        {
            asked.SetResult(identity);
            return new ValueTask<IFrameSink?>(answer.Task);
        }));

        var connecting = sender.ConnectAsync(endpoint, ZeroToOne, default);
        Assert.Equal(ZeroToOne, await asked.Task.WaitAsync(Patience.Limit));
        Assert.False(connecting.IsCompleted);

        var sink = new RecordingSink();
        answer.SetResult(sink);
        var link = await connecting.WaitAsync(Patience.Limit);
        await link.DisposeAsync();
        Assert.Null(await sink.End);
    }

    [Fact]
    public async Task Connect_to_a_peer_that_refuses_throws_and_names_the_endpoint()
    {
        var (sender, endpoint) = await StartPairAsync(new TestReceiver((IFrameSink?)null));

        var refusal = await Assert.ThrowsAsync<LinkException>(() => sender.ConnectAsync(endpoint, ZeroToOne, default).WaitAsync(Patience.Limit));

        Assert.Contains(endpoint, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_to_a_transport_that_is_gone_throws_and_names_the_endpoint()
    {
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(new RecordingSink()));
        await _transports[1].DisposeAsync();

        var failure = await Assert.ThrowsAsync<LinkException>(() => sender.ConnectAsync(endpoint, ZeroToOne, default).WaitAsync(Patience.Limit));

        Assert.Contains(endpoint, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receiver_that_fails_during_admission_fails_the_connect()
    {
        var (sender, endpoint) = await StartPairAsync(new TestReceiver((_, _) => throw new InvalidOperationException("broken receiver")));

        await Assert.ThrowsAsync<LinkException>(() => sender.ConnectAsync(endpoint, ZeroToOne, default).WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task Connect_cancelled_during_admission_cancels_the_admission()
    {
        using var cancel = new CancellationTokenSource();
        var withdrawn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(async (_, cancellation) =>
        {
            await cancel.CancelAsync();
            try
            {
                return await new TaskCompletionSource<IFrameSink?>().Task.WaitAsync(cancellation);
            }
            finally
            {
                withdrawn.SetResult();
            }
        }));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => sender.ConnectAsync(endpoint, ZeroToOne, cancel.Token).WaitAsync(Patience.Limit));
        await withdrawn.Task.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task Frame_that_does_not_fit_its_link_is_refused_before_it_is_sent()
    {
        var sink = new RecordingSink();
        var link = await ConnectAsync(sink);

        await Assert.ThrowsAsync<ArgumentException>(() => link.SendAsync(Header(0, 4), new byte[5], default).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => link.SendAsync(Header(0, 4) with { From = 5 }, new byte[4], default).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => link.SendAsync(Header(0, 4) with { Generation = 8 }, new byte[4], default).AsTask());
        await link.SendAsync(Header(1, 4), new byte[4], default);
        await link.DisposeAsync();

        Assert.Null(await sink.End);
        Assert.Equal(1, Assert.Single(sink.Frames).Header.Step);
    }

    [Fact]
    public async Task Several_links_at_once_keep_their_own_order_and_end_once()
    {
        const int links = 6;
        const int frames = 200;
        var sinks = new ConcurrentDictionary<LinkIdentity, RecordingSink>();
        var receiver = new TestReceiver((identity, _) => ValueTask.FromResult<IFrameSink?>(sinks.GetOrAdd(identity, _ => new RecordingSink())));
        var (first, _) = await StartPairAsync(receiver);
        var endpoints = _transports.Select(transport => transport.Endpoint).ToList();

        await Task.WhenAll(Enumerable.Range(0, links).Select(rank => Task.Run(async () =>
        {
            // Even ranks speak from the first transport to the second, odd ranks the other way round.
            var identity = new LinkIdentity(Generation, rank, rank + 100);
            await using var link = await _transports[rank % 2].ConnectAsync(endpoints[1 - (rank % 2)], identity, default);
            for (var i = 0; i < frames; i++)
                await link.SendAsync(Header(i, 2000) with { From = rank }, RandomBytes(new Random(rank), 2000), default);
        }))).WaitAsync(Patience.Limit);

        Assert.Equal(links, sinks.Count);
        foreach (var (identity, sink) in sinks)
        {
            Assert.Null(await sink.End);
            Assert.Single(sink.Ends);
            Assert.Equal(Enumerable.Range(0, frames).Select(i => (long)i), sink.Frames.Select(frame => frame.Header.Step));
            Assert.All(sink.Frames, frame => Assert.Equal(RandomBytes(new Random(identity.From), 2000), frame.Payload));
        }
    }

    private protected static FrameHeader Header(long step, int length) =>
        new(FrameKind.Contribution, 0, Generation, step, 3, 4, 1L << 40, length);

    private protected static byte[] RandomBytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private protected async Task<(ITransport Sender, string Endpoint)> StartPairAsync(IFrameReceiver receiver)
    {
        for (var i = 0; i < 2; i++)
        {
            _transports.Add(Create());
            await _transports[i].StartAsync(receiver, default);
        }
        return (_transports[0], _transports[1].Endpoint);
    }

    private protected async Task<ILink> ConnectAsync(IFrameSink sink)
    {
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(sink));
        return await sender.ConnectAsync(endpoint, ZeroToOne, default).WaitAsync(Patience.Limit);
    }

    private protected static Task<LinkException> SendUntilBrokenAsync(ILink link) =>
        Task.Run(() => Assert.ThrowsAsync<LinkException>(async () =>
        {
            for (long step = 0; ; step++) await link.SendAsync(Header(step, 4), new byte[4], default);
        })).WaitAsync(Patience.Limit);
}
