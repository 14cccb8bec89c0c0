using MiniMind.Collectives.Grpc;
using MiniMind.Collectives.Tests.Transport;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Tests.Grpc;

public sealed class GrpcTransportTests : TransportContract
{
    private protected override ITransport Create() => Create(new GrpcTransportOptions());

    [Fact]
    public async Task Connection_cut_under_a_link_is_noticed_at_both_ends()
    {
        var sink = new RecordingSink();
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(sink));
        await using var wire = new TcpRelay(endpoint);
        var link = await sender.ConnectAsync(wire.Endpoint, ZeroToOne, default);
        await link.SendAsync(Header(0, 4), new byte[4], default);
        await sink.WaitForFramesAsync(1);

        wire.Cut();

        Assert.Contains("broke", await sink.End, StringComparison.Ordinal);
        Assert.Single(sink.Ends);
        var broken = await SendUntilBrokenAsync(link);
        Assert.Contains(wire.Endpoint, broken.Message, StringComparison.Ordinal);
        await link.DisposeAsync().AsTask().WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task Connection_cut_in_the_middle_of_a_large_transfer_completes_no_torn_frame()
    {
        var source = RandomBytes(new Random(9), 1 << 20);
        var sink = new RecordingSink();
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(sink));
        await using var wire = new TcpRelay(endpoint, cutAfterBytes: (3 << 20) + 777);
        var link = await sender.ConnectAsync(wire.Endpoint, ZeroToOne, default);

        await Assert.ThrowsAsync<LinkException>(async () =>
        {
            for (long step = 0; ; step++) await link.SendAsync(Header(step, source.Length), source, default);
        }).WaitAsync(Patience.Limit);

        Assert.NotNull(await sink.End);
        Assert.Equal(sink.Opened, sink.Completed);
        Assert.InRange(sink.Frames.Count, 0, 3);
        Assert.All(sink.Frames, frame => Assert.True(source.AsSpan().SequenceEqual(frame.Payload)));
    }

    [Fact]
    public async Task Port_in_use_gives_one_message_with_the_port_and_the_fix()
    {
        await using var first = Create(new GrpcTransportOptions());
        await first.StartAsync(new TestReceiver(new RecordingSink()), default);
        var port = int.Parse(first.Endpoint.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        await using var second = Create(new GrpcTransportOptions { Port = port });

        var refusal = await Assert.ThrowsAsync<IOException>(() => second.StartAsync(new TestReceiver(new RecordingSink()), default));

        Assert.Contains($"port {port} is already in use", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("port 0 to take a free one", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_of_another_machine_gives_one_message_with_the_address()
    {
        // 203.0.113.0/24 is reserved for documentation (RFC 5737): no machine has such an address.
        await using var transport = Create(new GrpcTransportOptions { ListenAddress = "203.0.113.7" });

        var refusal = await Assert.ThrowsAsync<IOException>(() => transport.StartAsync(new TestReceiver(new RecordingSink()), default));

        Assert.Contains("203.0.113.7", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("no such address", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no port:x")]
    [InlineData("127.0.0.1:99999")]
    public async Task Senseless_endpoint_is_refused_as_a_link(string endpoint)
    {
        await using var transport = Create(new GrpcTransportOptions());

        var refusal = await Assert.ThrowsAsync<LinkException>(() => transport.ConnectAsync(endpoint, ZeroToOne, default));

        Assert.Contains(endpoint, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_where_nobody_listens_is_reported_with_the_cause()
    {
        await using var transport = Create(new GrpcTransportOptions());

        var failure = await Assert.ThrowsAsync<LinkException>(() => transport.ConnectAsync("127.0.0.1:1", ZeroToOne, default));

        Assert.Contains("127.0.0.1:1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("refused", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Link_over_IPv6_is_reached_by_its_endpoint()
    {
        var sink = new RecordingSink();
        await using var transport = Create(new GrpcTransportOptions { ListenAddress = "::1" });
        await transport.StartAsync(new TestReceiver(sink), default);

        await using (await transport.ConnectAsync(transport.Endpoint, ZeroToOne, default)) { }

        Assert.StartsWith("[::1]:", transport.Endpoint, StringComparison.Ordinal);
        Assert.Null(await sink.End);
    }

    [Fact]
    public async Task Links_of_another_run_are_refused_by_name()
    {
        var sink = new RecordingSink();
        await using var stranger = Create(new GrpcTransportOptions { RunId = "green" });
        await using var home = Create(new GrpcTransportOptions { RunId = "blue" });
        await home.StartAsync(new TestReceiver(sink), default);

        var refusal = await Assert.ThrowsAsync<LinkException>(() => stranger.ConnectAsync(home.Endpoint, ZeroToOne, default));

        Assert.Contains("run \"blue\"", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("run \"green\"", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(sink.Ends);
    }

    [Fact]
    public async Task A_peer_that_is_not_there_is_given_up_though_its_machine_takes_the_connection()
    {
        using var deaf = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        deaf.Start();
        await using var transport = Create(new GrpcTransportOptions { AnswerTimeout = TimeSpan.FromMilliseconds(300) });

        var refusal = await Assert.ThrowsAsync<LinkException>(() => transport.ConnectAsync(deaf.LocalEndpoint.ToString()!, ZeroToOne, default)).WaitAsync(Patience.Limit);

        Assert.Contains("no answer for 0.3 s", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_port_that_peers_are_told_may_be_another_than_the_one_listened_on()
    {
        await using var transport = Create(new GrpcTransportOptions { AdvertisedHost = "node-1", AdvertisedPort = 4000 });
        await transport.StartAsync(new TestReceiver(new RecordingSink()), default);

        Assert.Equal("node-1:4000", transport.Endpoint);
    }

    [Fact]
    public void Wrong_options_are_all_reported_together()
    {
        var refusal = Assert.Throws<ArgumentException>(() => Create(new GrpcTransportOptions
        {
            ListenAddress = "somewhere",
            Port = 70_000,
            CloseTimeout = TimeSpan.Zero,
        }));

        Assert.Contains("\"somewhere\"", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("70000", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(GrpcTransportOptions.CloseTimeout), refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Listening_everywhere_needs_a_name_for_peers() =>
        Assert.Contains(
            nameof(GrpcTransportOptions.AdvertisedHost),
            Assert.Single(new GrpcTransportOptions { ListenAddress = "0.0.0.0" }.Faults()),
            StringComparison.Ordinal);

    private static GrpcTransport Create(GrpcTransportOptions options) => new(options, TimeProvider.System);
}
