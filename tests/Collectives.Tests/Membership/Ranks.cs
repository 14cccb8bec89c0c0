using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Tests.Membership;

/// <summary>Several ranks of one generation in one process, each with a group over the same in-memory network.</summary>
internal sealed class Ranks : IAsyncDisposable
{
    private readonly List<ITransport> _transports = [];

    private Ranks(InMemoryNetwork network) => Network = network;

    public InMemoryNetwork Network { get; }

    public List<Group> Groups { get; } = [];

    public List<float[]> Gradients { get; } = [];

    /// <summary>Makes groups whose doors are open, not yet connected.</summary>
    /// <param name="wrap">Puts something between a rank and the network.</param>
    public static async Task<Ranks> OpenAsync(
        int worldSize, int lanes, int length, TimeProvider? time = null, GroupOptions? options = null, Func<int, ITransport, ITransport>? wrap = null)
    {
        var network = new InMemoryNetwork();
        var ranks = new Ranks(network);
        var workers = Plans.Workers(worldSize);
        for (var rank = 0; rank < worldSize; rank++)
        {
            ITransport transport = network.CreateTransport(workers[rank]);
            if (wrap is not null) transport = wrap(rank, transport);
            var door = new Door(TimeSpan.FromMinutes(10), TimeProvider.System);
            await transport.StartAsync(door, default);
            var gradient = new float[length];
            var group = new Group(Plans.Of(1, rank, workers, lanes), transport, gradient, options ?? Plans.Options, time ?? TimeProvider.System);
            door.Open(group);
            ranks._transports.Add(transport);
            ranks.Groups.Add(group);
            ranks.Gradients.Add(gradient);
        }
        return ranks;
    }

    /// <summary>Connects all ranks with each other.</summary>
    public Task ConnectAsync() => AllAsync(rank => Groups[rank].ConnectAsync(default));

    /// <summary>Does something on all ranks at once.</summary>
    public Task AllAsync(Func<int, Task> act) =>
        Task.WhenAll(Enumerable.Range(0, Groups.Count).Select(rank => Task.Run(() => act(rank)))).WaitAsync(Transport.Patience.Limit);

    public async Task<T[]> AllAsync<T>(Func<int, Task<T>> act) =>
        await Task.WhenAll(Enumerable.Range(0, Groups.Count).Select(rank => Task.Run(() => act(rank)))).WaitAsync(Transport.Patience.Limit);

    public async ValueTask DisposeAsync()
    {
        await AllAsync(rank => Groups[rank].DisposeAsync().AsTask());
        foreach (var transport in _transports) await transport.DisposeAsync();
    }
}

/// <summary>A transport that lets a test act before each frame is sent.</summary>
internal sealed class ObservedTransport(ITransport inner, Func<FrameHeader, Task> beforeSend) : ITransport
{
    public string Endpoint => inner.Endpoint;

    public Task StartAsync(IFrameReceiver receiver, CancellationToken cancellation) => inner.StartAsync(receiver, cancellation);

    public async Task<ILink> ConnectAsync(string endpoint, LinkIdentity identity, CancellationToken cancellation) =>
        new Link(await inner.ConnectAsync(endpoint, identity, cancellation), beforeSend);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Link(ILink inner, Func<FrameHeader, Task> beforeSend) : ILink
    {
        public async ValueTask SendAsync(FrameHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
        {
            await beforeSend(header);
            await inner.SendAsync(header, payload, cancellation);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
