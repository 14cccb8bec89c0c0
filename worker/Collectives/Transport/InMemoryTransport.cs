namespace MiniMind.Collectives.Transport;

/// <summary>A transport inside one process. Payloads are copied, queues are bounded, and links break as real ones do.</summary>
public sealed class InMemoryTransport : ITransport
{
    private readonly InMemoryNetwork _network;
    private readonly CancellationTokenSource _stopping = new();
    private IFrameReceiver? _receiver;

    internal InMemoryTransport(InMemoryNetwork network, string endpoint)
    {
        _network = network;
        Endpoint = endpoint;
    }

    /// <inheritdoc/>
    public string Endpoint { get; }

    /// <inheritdoc/>
    /// <exception cref="IOException">Another transport of the network listens at this endpoint.</exception>
    public Task StartAsync(IFrameReceiver receiver, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        _receiver = receiver;
        _network.Listen(Endpoint, this);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<ILink> ConnectAsync(string endpoint, LinkIdentity identity, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        var peer = _network.Find(endpoint) ?? throw new LinkException($"Cannot reach {endpoint}: nobody listens there.");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token, peer._stopping.Token);
        var sink = await AdmitAsync(peer, identity, either.Token, cancellation).ConfigureAwait(false)
            ?? throw new LinkException($"{endpoint} refuses the link from rank {identity.From} to rank {identity.To} in generation {identity.Generation}.");
        var link = new InMemoryLink(_network, this, peer, identity, sink);
        // A transport disposed meanwhile has already passed over its links.
        if (either.IsCancellationRequested) link.Break("the link was given up while it was being opened");
        cancellation.ThrowIfCancellationRequested();
        return link;
    }

    /// <summary>Breaks every link that begins or ends here and waits until the receivers have been told.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        _network.Unlisten(Endpoint, this);
        var links = _network.LinksOf(this).ToList();
        foreach (var link in links) link.Break($"the transport at {Endpoint} was shut down");
        await Task.WhenAll(links.Select(link => link.Finished)).ConfigureAwait(false);
    }

    private static async Task<IFrameSink?> AdmitAsync(
        InMemoryTransport peer, LinkIdentity identity, CancellationToken either, CancellationToken caller)
    {
        try
        {
            return await peer._receiver!.AdmitAsync(identity, either).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            throw new LinkException($"Cannot open a link to {peer.Endpoint}: a transport was shut down.");
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            throw new LinkException($"Cannot open a link to {peer.Endpoint}: its receiver failed: {fault.Message}", fault);
        }
    }
}
