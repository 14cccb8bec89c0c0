using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using ZstdSharp;

namespace MiniMind.Text.Datasets;

/// <summary>
/// A file of training data, read as a stream of lines: JSON Lines, or plain text (<c>.txt</c>), where a line is the document
/// <c>{"text": line}</c>; either as it is or compressed by gzip or zstd, which its first bytes tell.
/// </summary>
public sealed class DataFile : IDisposable
{
    /// <summary>Longest line that is read, in bytes: 32 MiB.</summary>
    public const int DefaultLongestLine = 32 << 20;

    private static readonly JsonEncodedText Text = JsonEncodedText.Encode("text");
    private static readonly JsonWriterOptions Unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _path;
    private readonly FileStream _file;
    private readonly Stream _text;
    private readonly bool _plain;

    private DataFile(string path, FileStream file, Stream text) => (_path, _file, _text, _plain) = (path, file, text, IsPlainText(path));

    /// <summary>Bytes of the file, as it lies on the disk, that have been read.</summary>
    public long Position => _file.Position;

    /// <summary>Whether a file's lines are texts rather than JSON: its name ends in <c>.txt</c>, <c>.txt.gz</c>, <c>.txt.zst</c> or the like.</summary>
    public static bool IsPlainText(string path)
    {
        string name = Path.GetFileName(path);
        foreach (string packed in new[] { ".gz", ".gzip", ".zst", ".zstd" })
            if (name.EndsWith(packed, StringComparison.OrdinalIgnoreCase)) name = name[..^packed.Length];
        return name.EndsWith(".txt", StringComparison.OrdinalIgnoreCase);
    }

    /// <exception cref="InputException">The file is missing, empty or no file.</exception>
    public static DataFile Open(string path)
    {
        var file = OpenRaw(path);
        try
        {
            return new DataFile(path, file, Decompressed(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a data file's bytes as they lie on the disk.</summary>
    /// <exception cref="InputException">The file is missing, empty or no file.</exception>
    public static FileStream OpenRaw(string path)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
            if (file.Length > 0) return file;
            file.Dispose();
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: expected a data file that can be read: {fault.Message}", fault);
        }

        throw new InputException($"{path}: the file is empty, expected one document per line.");
    }

    /// <summary>Every line that is not blank, from a place on. Memory is bounded by the longest line allowed. To be called once.</summary>
    /// <exception cref="InputException">The compressed data is damaged or ends early.</exception>
    public IEnumerable<RawLine> Lines(LinePlace? from = null, int longestLine = DefaultLongestLine)
    {
        var start = from ?? LinePlace.Start;
        Guarded(() => Skip(start.Offset), start.Number);
        using var lines = RawLines.Read(_text, longestLine, start).GetEnumerator();
        long number = start.Number;
        while (Guarded(lines.MoveNext, number))
        {
            number = lines.Current.Number + 1;
            yield return _plain ? AsJson(lines.Current) : lines.Current;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _text.Dispose();
        _file.Dispose();
    }

    private static Stream Decompressed(FileStream file)
    {
        Span<byte> first = stackalloc byte[4];
        int count = file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        file.Position = 0;
        if (count >= 2 && first[..2].SequenceEqual<byte>([0x1F, 0x8B])) return new GZipStream(new BufferedStream(file, 1 << 16), CompressionMode.Decompress);
        if (count == 4 && first.SequenceEqual<byte>([0x28, 0xB5, 0x2F, 0xFD])) return new DecompressionStream(file, bufferSize: 1 << 16);
        return file;
    }

    private bool Skip(long bytes)
    {
        if (bytes == 0) return true;
        if (_text == _file)
        {
            _file.Position = bytes;
            return true;
        }

        var block = new byte[1 << 16];
        while (bytes > 0)
        {
            int count = _text.ReadAtLeast(block.AsSpan(0, (int)Math.Min(bytes, block.Length)), 1, throwOnEndOfStream: false);
            if (count == 0) return false;
            bytes -= count;
        }

        return true;
    }

    private bool Guarded(Func<bool> read, long line)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is InvalidDataException or ZstdException or EndOfStreamException)
        {
            throw new InputException(
                $"{_path}: the compressed data is damaged or ends early, around line {line} of its text ({fault.Message}). Fetch or compress the file again.", fault);
        }
    }

    private static RawLine AsJson(RawLine line)
    {
        if (line.Fault is not null) return line;
        if (!Utf8.IsValid(line.Bytes.Span)) return line with { Bytes = default, Fault = JsonLines.InvalidUtf8(line.Bytes.Span) };
        var json = new System.Buffers.ArrayBufferWriter<byte>(line.Bytes.Length + 16);
        using var writer = new Utf8JsonWriter(json, Unescaped);
        writer.WriteStartObject();
        writer.WriteString(Text, line.Bytes.Span);
        writer.WriteEndObject();
        writer.Flush();
        return line with { Bytes = json.WrittenMemory };
    }
}
