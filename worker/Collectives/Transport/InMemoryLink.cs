using System.Buffers;
using System.Threading.Channels;

namespace MiniMind.Collectives.Transport;

/// <summary>One link inside a process: a bounded queue, emptied into the sink by a task of its own.</summary>
internal sealed class InMemoryLink : ILink
{
    private const int QueuedFrames = 64;

    private readonly Channel<(FrameHeader Header, byte[] Buffer)> _queue = Channel.CreateBounded<(FrameHeader, byte[])>(
        new BoundedChannelOptions(QueuedFrames) { SingleReader = true, SingleWriter = true });

    private readonly InMemoryNetwork _network;
    private readonly AdmittedLink _incoming;
    private string? _broken;

    public InMemoryLink(InMemoryNetwork network, InMemoryTransport sender, InMemoryTransport receiver, LinkIdentity identity, IFrameSink sink)
    {
        _network = network;
        Sender = sender;
        Receiver = receiver;
        _incoming = new AdmittedLink(identity, sink);
        network.Add(this);
        Finished = Task.Run(PumpAsync);
    }

    public LinkIdentity Identity => _incoming.Identity;

    public InMemoryTransport Sender { get; }

    public InMemoryTransport Receiver { get; }

    /// <summary>Completes, never with an error, when the sink has been told the end.</summary>
    public Task Finished { get; }

    public async ValueTask SendAsync(FrameHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        FrameRules.Check(header, payload, Identity);
        ThrowIfBroken();
        if (cancellation.IsCancellationRequested) Break(FrameRules.CancelledSend);
        cancellation.ThrowIfCancellationRequested();

        var buffer = ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(buffer);
        try
        {
            await _queue.Writer.WriteAsync((header, buffer), cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            Break(FrameRules.CancelledSend);
            throw;
        }
        catch (ChannelClosedException)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ThrowIfBroken();
            throw NewLinkException("it was closed");
        }
    }

    /// <summary>Breaks the link for both ends; frames still queued are lost.</summary>
    public void Break(string reason)
    {
        Interlocked.CompareExchange(ref _broken, reason, null);
        _queue.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Finished.ConfigureAwait(false);
    }

    private async Task PumpAsync()
    {
        await foreach (var (header, buffer) in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            // After a break the queue is only emptied.
            if (Volatile.Read(ref _broken) is null
                && _incoming.Deliver(header, new ReadOnlySequence<byte>(buffer, 0, header.Length)) is { } refusal)
                Break(refusal);
            ArrayPool<byte>.Shared.Return(buffer);
        }
        _network.Remove(this);
        _incoming.End(Volatile.Read(ref _broken));
    }

    private void ThrowIfBroken()
    {
        if (Volatile.Read(ref _broken) is { } reason) throw NewLinkException(reason);
    }

    private LinkException NewLinkException(string reason) =>
        new($"The link to rank {Identity.To} at {Receiver.Endpoint} is broken: {reason}.");
}
