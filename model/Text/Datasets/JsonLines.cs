using System.Text.Json;
using System.Text.Unicode;

namespace MiniMind.Text.Datasets;

/// <summary>One line of a JSONL file: its value, or why it has none.</summary>
/// <param name="Number">Line number, from 1.</param>
/// <param name="Value">The JSON value; undefined when there is a fault.</param>
/// <param name="Fault">What is wrong, without file and line; null when nothing is.</param>
public readonly record struct JsonLine(long Number, JsonElement Value, string? Fault);

/// <summary>Reads data files line by line. Blank lines are skipped, a byte order mark and Windows line ends tolerated.</summary>
public static class JsonLines
{
    /// <summary>Every line of a data file that is not blank. Memory is bounded by the longest line allowed.</summary>
    /// <exception cref="InputException">The file is missing, empty, or compressed and damaged.</exception>
    public static IEnumerable<JsonLine> Read(string path, int longestLine = DataFile.DefaultLongestLine)
    {
        using var file = DataFile.Open(path);
        foreach (var line in file.Lines(longestLine: longestLine)) yield return Parse(line);
    }

    /// <summary>Checks and parses a line. Never throws: faults are returned.</summary>
    public static JsonLine Parse(RawLine line)
    {
        if (line.Fault is not null) return new JsonLine(line.Number, default, line.Fault);
        if (!Utf8.IsValid(line.Bytes.Span)) return new JsonLine(line.Number, default, InvalidUtf8(line.Bytes.Span));
        try
        {
            return new JsonLine(line.Number, JsonElement.Parse(line.Bytes.Span), null);
        }
        catch (JsonException fault)
        {
            return new JsonLine(line.Number, default, $"broken JSON at byte {fault.BytePositionInLine + 1}: {Reason(fault)}");
        }
    }

    /// <summary>The reason why a line cannot be used of which a string escapes half a surrogate pair: JSON may write that, but no string can hold it.</summary>
    public static string NotUnicode(InvalidOperationException fault) => $"a string is not valid Unicode: {fault.Message}";

    internal static string InvalidUtf8(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (System.Text.Rune.DecodeFromUtf8(bytes[at..], out _, out int width) == System.Buffers.OperationStatus.Done) at += width;
        return $"invalid UTF-8 at byte {at + 1}";
    }

    /// <summary>The parser's sentence without its position, which counts lines of this one line.</summary>
    private static string Reason(JsonException fault)
    {
        int position = fault.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (position < 0 ? fault.Message : fault.Message[..position]).TrimEnd('.');
    }
}
