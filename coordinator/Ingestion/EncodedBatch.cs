using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>A line as a document, or why it is none.</summary>
/// <param name="Line">The line as read.</param>
/// <param name="Document">Its tokens; null when there is a fault.</param>
/// <param name="Fault">What is wrong; null when nothing is.</param>
internal readonly record struct EncodedLine(RawLine Line, EncodedDocument? Document, string? Fault)
{
    public static EncodedLine From(RawLine line, IDocumentEncoder encoder)
    {
        var parsed = JsonLines.Parse(line);
        if (parsed.Fault is not null) return new EncodedLine(line, null, parsed.Fault);
        try
        {
            return new EncodedLine(line, encoder.Encode(parsed.Value), null);
        }
        catch (InputException fault)
        {
            return new EncodedLine(line, null, fault.Message);
        }
        catch (InvalidOperationException fault)
        {
            // JSON text may escape half a surrogate pair, which no string can hold.
            return new EncodedLine(line, null, $"a string is not valid Unicode: {fault.Message}");
        }
    }
}

/// <summary>Lines of one file that are encoded together, on one thread.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="Lines">In order; none in what ends a file with blank lines.</param>
/// <param name="Bytes">Read from the file since the batch before, blank lines included; all batches together are the whole file.</param>
internal sealed record EncodedBatch(string File, IReadOnlyList<EncodedLine> Lines, long Bytes);
