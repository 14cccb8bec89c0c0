using System.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Text.Tests.Datasets;

public sealed class JsonLinesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private List<JsonLine> Read(byte[] content, int longestLine = DataFile.DefaultLongestLine)
    {
        string path = _folder.File("data.jsonl");
        File.WriteAllBytes(path, content);
        return JsonLines.Read(path, longestLine).ToList();
    }

    private List<JsonLine> Read(string content, int longestLine = DataFile.DefaultLongestLine) => Read(Encoding.UTF8.GetBytes(content), longestLine);

    [Fact]
    public void Read_skips_blank_lines_and_keeps_their_numbers()
    {
        var lines = Read("\uFEFF{\"a\":1}\r\n\n  \t\n[2]\n3");
        Assert.Equal([1L, 4L, 5L], lines.Select(line => line.Number));
        Assert.Equal(["{\"a\":1}", "[2]", "3"], lines.Select(line => line.Value.GetRawText()));
        Assert.All(lines, line => Assert.Null(line.Fault));
    }

    [Fact]
    public void Read_truncated_json_is_a_fault_of_its_line_only()
    {
        var lines = Read("{\"text\": \"a\"}\n{\"text\": \"b\n{\"text\": \"c\"}\n");
        Assert.StartsWith("broken JSON at byte ", lines[1].Fault);
        // A sentence goes on behind it.
        Assert.False(lines[1].Fault!.EndsWith('.'));
        Assert.Equal("a c", $"{lines[0].Value.GetProperty("text")} {lines[2].Value.GetProperty("text")}");
    }

    [Fact]
    public void Read_two_values_on_one_line_are_a_fault() => Assert.StartsWith("broken JSON", Read("{} {}")[0].Fault);

    [Fact]
    public void Read_invalid_utf8_is_a_fault_with_its_byte()
    {
        var lines = Read([.. "{\"a\":\""u8, 0xC3, 0x28, .. "\"}\n{}"u8]);
        Assert.Equal("invalid UTF-8 at byte 7", lines[0].Fault);
        Assert.Null(lines[1].Fault);
    }

    [Fact]
    public void Read_line_over_the_limit_is_reported_and_the_next_one_read()
    {
        var lines = Read($"\"{new string('x', 98)}\"\n\"{new string('x', 99)}\"\n1", longestLine: 100);
        Assert.Equal(["", "the line has 101 bytes, more than the 100 allowed", ""], lines.Select(line => line.Fault ?? ""));
        Assert.Equal(1, lines[2].Value.GetInt32());
    }

    [Fact]
    public void Read_a_50_MB_line_is_not_kept_in_memory()
    {
        using var stream = new RepeatingStream(50_000_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var line = Assert.Single(RawLines.Read(stream, longestLine: 1 << 20, LinePlace.Start));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 8 << 20);
        Assert.Equal((50_000_000L, 0), (line.End, line.Bytes.Length));
        Assert.Contains("50,000,000 bytes", line.Fault);
    }

    [Fact]
    public void Read_lines_across_blocks_come_out_whole()
    {
        var random = new Random(3);
        var texts = Enumerable.Range(0, 60).Select(_ => new string('é', random.Next(1, 20_000))).ToList();
        Assert.Equal(texts, Read(string.Join('\n', texts.Select(text => $"\"{text}\""))).Select(line => line.Value.GetString()!));
    }

    [Fact]
    public void Read_empty_or_missing_file_is_refused_by_name()
    {
        Assert.Contains("data.jsonl: the file is empty", Assert.Throws<InputException>(() => Read("")).Message);
        Assert.Contains("absent.jsonl: expected a data file", Assert.Throws<InputException>(() => JsonLines.Read(_folder.File("absent.jsonl")).Any()).Message);
    }

    /// <summary>The letter x, so many times.</summary>
    private sealed class RepeatingStream(long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = (int)Math.Min(buffer.Length, _left);
            buffer[..count].Fill((byte)'x');
            _left -= count;
            return count;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
