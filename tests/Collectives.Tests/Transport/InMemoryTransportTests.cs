using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Tests.Transport;

public sealed class InMemoryTransportTests : TransportContract
{
    private readonly InMemoryNetwork _network = new();
    private int _made;

    private protected override ITransport Create() => _network.CreateTransport($"memory-{_made++}");

    [Fact]
    public async Task Break_between_two_ranks_ends_their_link_and_no_other()
    {
        var cut = new RecordingSink();
        var kept = new RecordingSink();
        var (sender, endpoint) = await StartPairAsync(new TestReceiver(
            (identity, _) => ValueTask.FromResult<IFrameSink?>(identity.To == 1 ? cut : kept)));
        var cutLink = await sender.ConnectAsync(endpoint, ZeroToOne, default);
        var keptLink = await sender.ConnectAsync(endpoint, ZeroToOne with { To = 2 }, default);

        _network.Break(0, 1);

        Assert.NotNull(await cut.End);
        await Assert.ThrowsAsync<LinkException>(() => cutLink.SendAsync(Header(0, 1), new byte[1], default).AsTask());
        await keptLink.SendAsync(Header(0, 1), new byte[1], default);
        await keptLink.DisposeAsync();
        Assert.Null(await kept.End);
    }

    [Fact]
    public async Task Endpoint_in_use_is_refused_by_name()
    {
        await using var first = _network.CreateTransport("same");
        await using var second = _network.CreateTransport("same");
        await first.StartAsync(new TestReceiver(new RecordingSink()), default);

        var refusal = await Assert.ThrowsAsync<IOException>(() => second.StartAsync(new TestReceiver(new RecordingSink()), default));

        Assert.Contains("\"same\"", refusal.Message, StringComparison.Ordinal);
    }
}
