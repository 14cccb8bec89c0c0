using System.Buffers.Binary;

namespace MiniMind.Collectives.Transport;

/// <summary>What a frame carries.</summary>
public enum FrameKind : byte
{
    /// <summary>Payload: protobuf PeerHello.</summary>
    Hello = 1,

    /// <summary>Part of a tree node's gradient, for the owner of the segment. Payload: float32.</summary>
    Contribution = 2,

    /// <summary>Part of a finished segment. Payload: float32.</summary>
    Reduced = 3,

    /// <summary>Payload: protobuf Tail of a training step.</summary>
    Tail = 4,

    /// <summary>Payload: protobuf Tail of a validation pass.</summary>
    ValidationTail = 5,

    /// <summary>Payload: protobuf StateHeader; the state's buffers follow.</summary>
    StateHeader = 6,

    /// <summary>Part of a state buffer: <see cref="FrameHeader.First"/> is the buffer's index.</summary>
    State = 7,

    /// <summary>No payload: the sender lives.</summary>
    Pulse = 8,

    /// <summary>Payload: protobuf Tail with a lane that was computed again, because two ranks came to different gradients.</summary>
    SpotCheckTail = 9,
}

/// <summary>
/// The fixed part of every frame, 48 bytes little-endian:
/// kind u8, 3 bytes zero, from i32, generation i64, step i64, first i32, end i32, offset i64, length i32, 4 bytes zero.
/// </summary>
/// <param name="Kind">What the payload is.</param>
/// <param name="From">Sending rank.</param>
/// <param name="Generation">Generation of the sender.</param>
/// <param name="Step">Step that the frame belongs to.</param>
/// <param name="First">First lane of the tree node, or an index that the kind explains.</param>
/// <param name="End">End lane (exclusive) of the tree node.</param>
/// <param name="Offset">Byte offset of the payload in its buffer (for gradients: in the whole flat gradient).</param>
/// <param name="Length">Bytes of payload.</param>
public readonly record struct FrameHeader(
    FrameKind Kind, int From, long Generation, long Step, int First, int End, long Offset, int Length)
{
    /// <summary>Bytes that a header takes on the wire.</summary>
    public const int Size = 48;

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        destination[0] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], From);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], Generation);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], Step);
        BinaryPrimitives.WriteInt32LittleEndian(destination[24..], First);
        BinaryPrimitives.WriteInt32LittleEndian(destination[28..], End);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], Offset);
        BinaryPrimitives.WriteInt32LittleEndian(destination[40..], Length);
    }

    /// <summary>Reads <see cref="Size"/> bytes.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> source) => new(
        (FrameKind)source[0],
        BinaryPrimitives.ReadInt32LittleEndian(source[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[24..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[28..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[40..]));
}
