namespace MiniMind.Collectives.Transport;

/// <summary>
/// The network between ranks: ordered, reliable, one-way links that may break. Implementations: gRPC between processes, in memory
/// inside one, and simulated on a virtual clock.
/// </summary>
public interface ITransport : IAsyncDisposable
{
    /// <summary>Where peers reach this process, as another transport of the same kind understands it ("host:port" for gRPC).</summary>
    string Endpoint { get; }

    /// <summary>Starts accepting links. Called once, before <see cref="Endpoint"/> is told to anybody.</summary>
    Task StartAsync(IFrameReceiver receiver, CancellationToken cancellation);

    /// <summary>
    /// Opens the link from this rank to a peer for one generation; completes when the peer has admitted it.
    /// </summary>
    /// <exception cref="LinkException">The peer cannot be reached or refuses.</exception>
    Task<ILink> ConnectAsync(string endpoint, LinkIdentity identity, CancellationToken cancellation);
}

/// <summary>Who speaks on a link: the sending rank, in one generation.</summary>
public readonly record struct LinkIdentity(long Generation, int From, int To);

/// <summary>The sending end of a link. One sender at a time.</summary>
public interface ILink : IAsyncDisposable
{
    /// <summary>
    /// Sends one frame; completes when the payload's memory may be reused. <c>payload.Length</c> equals <c>header.Length</c>.
    /// </summary>
    /// <exception cref="LinkException">The link is broken; nothing sent on it afterwards arrives.</exception>
    ValueTask SendAsync(FrameHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancellation);
}

/// <summary>Admits incoming links.</summary>
public interface IFrameReceiver
{
    /// <summary>
    /// Decides about an incoming link. Waits, for a bounded time, when the link's generation is newer than the one that this
    /// process is in; returns null to refuse (older generation, wrong addressee, or the wait ran out).
    /// </summary>
    ValueTask<IFrameSink?> AdmitAsync(LinkIdentity identity, CancellationToken cancellation);
}

/// <summary>
/// The receiving end of one admitted link. The transport calls it for one frame after another, never concurrently for the same link, but
/// several links call at the same time.
/// </summary>
public interface IFrameSink
{
    /// <summary>
    /// Names the memory (of <c>header.Length</c> bytes) that the payload is to be copied into. False: the sink no longer takes frames
    /// (its generation is over) and the transport closes the link. Every true is followed by one <see cref="Complete"/>.
    /// </summary>
    /// <exception cref="ProtocolException">The frame makes no sense here; the transport breaks the link with this message.</exception>
    bool TryOpen(in FrameHeader header, out Memory<byte> destination);

    /// <summary>The payload has been copied in full (<paramref name="arrived"/>) or never will be.</summary>
    void Complete(in FrameHeader header, bool arrived);

    /// <summary>The link ended: <paramref name="reason"/> is null when the sender closed it in order.</summary>
    void Ended(string? reason);
}

/// <summary>A link cannot be opened, was refused, or broke. The message names the endpoint.</summary>
public sealed class LinkException : Exception
{
    public LinkException(string message) : base(message) { }

    public LinkException(string message, Exception cause) : base(message, cause) { }
}

/// <summary>A frame that no correct peer sends.</summary>
public sealed class ProtocolException(string message) : Exception(message);
