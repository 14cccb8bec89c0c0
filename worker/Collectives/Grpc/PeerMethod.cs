using System.Buffers;
using System.Globalization;
using Grpc.Core;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Grpc;

/// <summary>
/// minimind.Peer/Frames: one client stream per ordered pair of ranks. A message is a frame header (<see cref="FrameHeader"/>)
/// and the payload. It is written by hand, because payloads go from and to flat buffers without a copy of their own; the two
/// ends have a method each.
/// </summary>
internal static class PeerMethod
{
    private const string Service = "minimind.Peer";
    private const string Name = "Frames";

    private const string Run = "minimind-run-bin";
    private const string Generation = "minimind-generation";
    private const string From = "minimind-from";
    private const string To = "minimind-to";

    private static readonly Marshaller<PeerReceipt> ReceiptMarshaller = Marshallers.Create(
        static (_, context) => context.Complete([]),
        static _ => PeerReceipt.Instance);

    /// <summary>The method as senders see it.</summary>
    public static readonly Method<OutgoingFrame, PeerReceipt> Sending = new(
        MethodType.ClientStreaming, Service, Name,
        Marshallers.Create<OutgoingFrame>(Write, static _ => throw new NotSupportedException("Senders read no frames.")),
        ReceiptMarshaller);

    /// <summary>The method as receivers see it: reading a message delivers it, and the result is the link itself.</summary>
    public static readonly Method<IncomingCall, PeerReceipt> Receiving = new(
        MethodType.ClientStreaming, Service, Name,
        Marshallers.Create(static (_, _) => throw new NotSupportedException("Receivers write no frames."), Read),
        ReceiptMarshaller);

    /// <summary>minimind.Peer/Knock: every peer answers at once, whatever it is doing.</summary>
    public static readonly Method<PeerReceipt, PeerReceipt> Knocking = new(MethodType.Unary, Service, "Knock", ReceiptMarshaller, ReceiptMarshaller);

    /// <summary>Response header that tells the sender that its link is admitted.</summary>
    public const string Admitted = "minimind-admitted";

    /// <summary>The call metadata of one link.</summary>
    public static Metadata Describe(LinkIdentity identity, string runId) => new()
    {
        { Run, System.Text.Encoding.UTF8.GetBytes(runId) },
        { Generation, identity.Generation.ToString(CultureInfo.InvariantCulture) },
        { From, identity.From.ToString(CultureInfo.InvariantCulture) },
        { To, identity.To.ToString(CultureInfo.InvariantCulture) },
    };

    /// <summary>Reads what <see cref="Describe"/> wrote.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: not the metadata of a link.</exception>
    public static (LinkIdentity Identity, string RunId) Parse(Metadata headers)
    {
        if (headers.GetValueBytes(Run) is { } run
            && long.TryParse(headers.GetValue(Generation), NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            && int.TryParse(headers.GetValue(From), NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            && int.TryParse(headers.GetValue(To), NumberStyles.None, CultureInfo.InvariantCulture, out var to))
            return (new LinkIdentity(generation, from, to), System.Text.Encoding.UTF8.GetString(run));
        throw new RpcException(new Status(
            StatusCode.InvalidArgument, $"expected the metadata {Run}, {Generation}, {From} and {To} of a link"));
    }

    private static void Write(OutgoingFrame frame, SerializationContext context)
    {
        context.SetPayloadLength(FrameHeader.Size + frame.Payload.Length);
        var writer = context.GetBufferWriter();
        frame.Header.Write(writer.GetSpan(FrameHeader.Size));
        writer.Advance(FrameHeader.Size);
        writer.Write(frame.Payload.Span);
        context.Complete();
    }

    private static IncomingCall Read(DeserializationContext context)
    {
        var call = IncomingCall.Current;
        call.Take(context.PayloadAsReadOnlySequence());
        return call;
    }
}

/// <summary>The frame that a link is sending; one object per link, used again and again.</summary>
internal sealed class OutgoingFrame
{
    public FrameHeader Header { get; set; }

    public ReadOnlyMemory<byte> Payload { get; set; }
}

/// <summary>The answer to a finished stream: every frame was taken.</summary>
internal sealed class PeerReceipt
{
    public static readonly PeerReceipt Instance = new();
}
