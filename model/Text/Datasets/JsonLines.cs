using System.Text.Json;
using System.Text.Unicode;

namespace MiniMind.Text.Datasets;

/// <summary>One line of a JSONL file: its value, or why it has none.</summary>
/// <param name="Number">Line number, from 1.</param>
/// <param name="Value">The JSON value; undefined when there is a fault.</param>
/// <param name="Fault">What is wrong, without file and line; null when nothing is.</param>
public readonly record struct JsonLine(long Number, JsonElement Value, string? Fault);

/// <summary>Reads JSON Lines as a stream. Blank lines are skipped, a byte order mark and Windows line ends tolerated.</summary>
public static class JsonLines
{
    /// <summary>Longest line that is read, in bytes: 32 MiB.</summary>
    public const int DefaultLongestLine = 32 << 20;

    /// <summary>Every line of a file that is not blank. Memory is bounded by the longest line allowed.</summary>
    /// <exception cref="InputException">The file is missing or empty.</exception>
    public static IEnumerable<JsonLine> Read(string path, int longestLine = DefaultLongestLine)
    {
        using var file = Open(path);
        foreach (var line in RawLines.Read(file, longestLine)) yield return Parse(line);
    }

    /// <summary>Opens a data file for reading from start to end.</summary>
    /// <exception cref="InputException">The file is missing or empty.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
            if (file.Length > 0) return file;
            file.Dispose();
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: expected a JSONL file that can be read: {fault.Message}", fault);
        }

        throw new InputException($"{path}: the file is empty, expected one JSON object per line.");
    }

    /// <summary>Checks and parses a line. Never throws: faults are returned.</summary>
    public static JsonLine Parse(RawLine line)
    {
        if (line.Fault is not null) return new JsonLine(line.Number, default, line.Fault);
        if (!Utf8.IsValid(line.Bytes.Span)) return new JsonLine(line.Number, default, $"invalid UTF-8 at byte {FirstInvalid(line.Bytes.Span) + 1}");
        try
        {
            return new JsonLine(line.Number, JsonElement.Parse(line.Bytes.Span), null);
        }
        catch (JsonException fault)
        {
            return new JsonLine(line.Number, default, $"broken JSON at byte {fault.BytePositionInLine + 1}: {Reason(fault)}");
        }
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (System.Text.Rune.DecodeFromUtf8(bytes[at..], out _, out int width) == System.Buffers.OperationStatus.Done) at += width;
        return at;
    }

    /// <summary>The parser's sentence without its position, which counts lines of this one line.</summary>
    private static string Reason(JsonException fault)
    {
        int position = fault.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return position < 0 ? fault.Message : fault.Message[..position];
    }
}
