using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Membership;

/// <summary>Frames of some kinds, from any rank of the group.</summary>
internal interface IFrameHandler
{
    /// <summary>Memory for the payload.</summary>
    Memory<byte> Open(in FrameHeader header);

    /// <summary>The payload is there.</summary>
    void Arrived(in FrameHeader header, Memory<byte> payload);
}

/// <summary>Receives the frames of one peer and hands them to whoever handles their kind.</summary>
internal sealed class PeerSink(Group group, int rank) : IFrameSink
{
    // Frames of one link come one after another, so one open payload is enough.
    private Memory<byte> _open;

    public bool TryOpen(in FrameHeader header, out Memory<byte> destination)
    {
        destination = default;
        if (header.From != rank || header.Generation != group.Plan.Number)
            throw new ProtocolException($"rank {rank} sent a frame of rank {header.From}, generation {header.Generation}");
        group.Pulses.Hear(rank);
        if (!group.BeginCopy()) return false;
        try
        {
            destination = _open = Handler(header.Kind).Open(header);
            return true;
        }
        catch
        {
            group.EndCopy();
            throw;
        }
    }

    public void Complete(in FrameHeader header, bool arrived)
    {
        try
        {
            if (arrived) Handler(header.Kind).Arrived(header, _open);
        }
        finally
        {
            _open = default;
            group.EndCopy();
        }
    }

    public void Ended(string? reason) => group.Lose(rank, reason ?? "it left the generation");

    private IFrameHandler Handler(FrameKind kind) => kind switch
    {
        FrameKind.Contribution or FrameKind.Reduced => group.Reduction,
        FrameKind.Hello or FrameKind.Tail or FrameKind.ValidationTail or FrameKind.SpotCheckTail => group.Tails,
        FrameKind.Pulse => group.Pulses,
        FrameKind.StateHeader or FrameKind.State => group.Copy,
        _ => throw new ProtocolException($"unknown kind of frame {(byte)kind} from rank {rank}"),
    };
}
