using System.Buffers;

namespace MiniMind.Collectives.Transport;

/// <summary>
/// The receiving end of one admitted link, as transports hold it: hands frames to the sink and keeps the sink's rules (every
/// opened frame is completed, the end is told once). For one caller at a time, except <see cref="End"/>.
/// </summary>
public sealed class AdmittedLink(LinkIdentity identity, IFrameSink sink)
{
    private int _ended;

    /// <summary>Who speaks on this link.</summary>
    public LinkIdentity Identity => identity;

    /// <summary>Copies one frame's payload to where the sink wants it.</summary>
    /// <returns>Null, or the reason why the transport must break the link: the sink refuses the frame, or it makes no sense.</returns>
    public string? Deliver(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        if (header.From != identity.From || header.Generation != identity.Generation)
        {
            return $"expected frames of rank {identity.From} in generation {identity.Generation}, "
                + $"found one of rank {header.From} in generation {header.Generation}";
        }
        if (header.Length != payload.Length)
            return $"a frame of kind {header.Kind} announces {header.Length} bytes and carries {payload.Length}";
        try
        {
            if (!sink.TryOpen(header, out var destination))
                return $"rank {identity.To} takes no more frames of generation {identity.Generation}";
            return Copy(header, payload, destination);
        }
        catch (ProtocolException refusal)
        {
            return refusal.Message;
        }
#pragma warning disable CA1031 // A fault of the receiver must end this link with its text, not the process's network thread.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return $"the receiver failed on a frame of kind {header.Kind}: {fault.GetType().Name}: {fault.Message}";
        }
    }

    /// <summary>Tells the sink that the link ended; later calls do nothing.</summary>
    /// <param name="reason">Null when the sender closed the link in order.</param>
    public void End(string? reason)
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0) sink.Ended(reason);
    }

    private string? Copy(in FrameHeader header, in ReadOnlySequence<byte> payload, Memory<byte> destination)
    {
        var fits = destination.Length == header.Length;
        if (fits) payload.CopyTo(destination.Span);
        sink.Complete(header, fits);
        return fits ? null : $"the receiver names {destination.Length} bytes for a frame of {header.Length}";
    }
}
