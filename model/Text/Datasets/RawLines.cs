namespace MiniMind.Text.Datasets;

/// <summary>One line's bytes, without its end, or why they were not kept.</summary>
/// <param name="Number">Line number, from 1.</param>
/// <param name="Bytes">The bytes, white space and all; the reader keeps no reference to them. Empty when there is a fault.</param>
/// <param name="End">Offset, in the decompressed text, of what follows the line.</param>
/// <param name="Fault">What is wrong, without file and line; null when nothing is.</param>
public readonly record struct RawLine(long Number, ReadOnlyMemory<byte> Bytes, long End, string? Fault);

/// <summary>Where a line begins.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Offset">Its first byte in the decompressed text.</param>
public readonly record struct LinePlace(long Number, long Offset)
{
    /// <summary>The beginning of a file.</summary>
    public static readonly LinePlace Start = new(1, 0);
}

/// <summary>Cuts a stream into lines, in bounded memory. Its "\n" and one "\r" before it are taken off a line, and nothing else.</summary>
public static class RawLines
{
    private const int BlockSize = 1 << 16;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Every line with more than spaces and tabs in it; one longer than <paramref name="longestLine"/> bytes is skipped to its end and reported.</summary>
    /// <param name="stream">Stands at <paramref name="from"/>.</param>
    /// <param name="longestLine">In bytes, without its end.</param>
    /// <param name="from">The line that comes first.</param>
    public static IEnumerable<RawLine> Read(Stream stream, int longestLine, LinePlace from)
    {
        var block = new byte[BlockSize];
        var line = new MemoryStream();
        var (number, offset) = from;
        long length = 0;
        int count;
        while ((count = stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false)) > 0)
        {
            for (int at = 0; at < count;)
            {
                int end = block.AsSpan(at, count - at).IndexOf((byte)'\n');
                int part = end < 0 ? count - at : end;
                length += part;
                if (length <= longestLine) line.Write(block, at, part);
                at += part;
                if (end < 0) continue;
                at++;
                offset += length + 1;
                if (Finish(line, number, length, offset, longestLine) is { } whole) yield return whole;
                (number, length) = (number + 1, 0);
                line = Emptied(line);
            }
        }

        if (length > 0 && Finish(line, number, length, offset + length, longestLine) is { } last) yield return last;
    }

    private static RawLine? Finish(MemoryStream line, long number, long length, long end, int longestLine)
    {
        if (length > longestLine)
            return new RawLine(number, default, end, $"the line has {length:N0} bytes, more than the {longestLine:N0} allowed");
        var bytes = line.GetBuffer().AsSpan(0, (int)line.Length);
        if (number == 1 && bytes.StartsWith(ByteOrderMark)) bytes = bytes[ByteOrderMark.Length..];
        if (bytes.EndsWith("\r"u8)) bytes = bytes[..^1];
        return bytes.ContainsAnyExcept(" \t\r"u8) ? new RawLine(number, bytes.ToArray(), end, null) : null;
    }

    /// <summary>One huge line must not keep its buffer for the rest of the file.</summary>
    private static MemoryStream Emptied(MemoryStream line)
    {
        if (line.Capacity > 1 << 20) return new MemoryStream();
        line.SetLength(0);
        return line;
    }
}
