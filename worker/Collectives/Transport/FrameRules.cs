namespace MiniMind.Collectives.Transport;

/// <summary>What every sending end checks before a frame leaves.</summary>
public static class FrameRules
{
    /// <summary>Most bytes of payload in one frame. A bound on what a peer can make a receiver hold; chunks are far smaller.</summary>
    public const int LargestPayloadBytes = 16 << 20;

    internal const string CancelledSend = "a send was cancelled";

    /// <summary>Checks that a frame agrees with its link and its payload.</summary>
    /// <exception cref="ArgumentException">It does not: a fault of the calling code.</exception>
    public static void Check(in FrameHeader header, ReadOnlyMemory<byte> payload, LinkIdentity identity)
    {
        if (header.From != identity.From || header.Generation != identity.Generation)
        {
            throw new ArgumentException(
                $"Expected a frame of rank {identity.From} in generation {identity.Generation}, "
                + $"found rank {header.From}, generation {header.Generation}.", nameof(header));
        }
        if (header.Length != payload.Length || payload.Length > LargestPayloadBytes)
        {
            throw new ArgumentException(
                $"Expected a payload of header.Length = {header.Length} bytes (at most {LargestPayloadBytes}), found {payload.Length}.", nameof(payload));
        }
    }
}
