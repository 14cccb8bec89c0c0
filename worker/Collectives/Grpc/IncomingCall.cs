using System.Buffers;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Grpc;

/// <summary>
/// One incoming stream. gRPC deserializers are not told which call a message belongs to, but they run in that call's flow of
/// execution: the flow carries the call, so that no frame can reach another link's sink.
/// </summary>
internal sealed class IncomingCall(AdmittedLink link)
{
    private static readonly AsyncLocal<IncomingCall?> Flowing = new();

    /// <summary>The call in whose flow the caller runs.</summary>
    public static IncomingCall Current =>
        Flowing.Value ?? throw new InvalidOperationException("A frame was read outside the flow of its call.");

    /// <summary>Why the link must be broken; null while all is well.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Makes this call the one of the current flow; ends with the asynchronous method that calls it.</summary>
    public void Enter() => Flowing.Value = this;

    /// <summary>Delivers one message to the link's sink.</summary>
    public void Take(in ReadOnlySequence<byte> message)
    {
        if (Refusal is not null) return;
        if (message.Length < FrameHeader.Size)
        {
            Refusal = $"expected a frame of at least {FrameHeader.Size} bytes, found {message.Length}";
            return;
        }
        Span<byte> header = stackalloc byte[FrameHeader.Size];
        message.Slice(0, FrameHeader.Size).CopyTo(header);
        Refusal = link.Deliver(FrameHeader.Read(header), message.Slice(FrameHeader.Size));
    }
}
