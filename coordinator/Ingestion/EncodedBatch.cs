using System.Buffers.Binary;
using System.Security.Cryptography;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>A line as a document, or why it is none.</summary>
/// <param name="Line">The line as read.</param>
/// <param name="Document">Its tokens; null when there is a fault.</param>
/// <param name="Fault">What is wrong; null when nothing is.</param>
internal readonly record struct EncodedLine(RawLine Line, EncodedDocument? Document, string? Fault)
{
    /// <summary>Uniform in 0..1, by the line's bytes alone: below the held-out fraction, the line is one of validation. Equal lines never end on both sides.</summary>
    public double Holding { get; private init; }

    /// <summary>Another one: below its file's fraction, the line is taken.</summary>
    public double Taking { get; private init; }

    public static EncodedLine From(RawLine line, IDocumentEncoder encoder)
    {
        var (document, fault) = Encode(line, encoder);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(line.Bytes.Span, hash);
        return new EncodedLine(line, document, fault) { Holding = Uniform(hash), Taking = Uniform(hash[sizeof(ulong)..]) };
    }

    private static (EncodedDocument? Document, string? Fault) Encode(RawLine line, IDocumentEncoder encoder)
    {
        var parsed = JsonLines.Parse(line);
        if (parsed.Fault is not null) return (null, parsed.Fault);
        try
        {
            return (encoder.Encode(parsed.Value), null);
        }
        catch (InputException fault)
        {
            return (null, fault.Message);
        }
        catch (InvalidOperationException fault)
        {
            return (null, JsonLines.NotUnicode(fault));
        }
    }

    private static double Uniform(ReadOnlySpan<byte> bytes) => (BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> 11) * (1.0 / (1UL << 53));
}
