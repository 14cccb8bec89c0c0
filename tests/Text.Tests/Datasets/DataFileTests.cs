using System.IO.Compression;
using System.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Text.Tests.Datasets;

public sealed class DataFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static byte[] Pack(string packing, byte[] content)
    {
        using var memory = new MemoryStream();
        using (Stream packed = packing == ".gz" ? new GZipStream(memory, CompressionLevel.Optimal) : Zstd(memory)) packed.Write(content);
        return memory.ToArray();
    }

    /// <summary>With a checksum, as the zstd program writes it.</summary>
    private static ZstdSharp.CompressionStream Zstd(Stream target)
    {
        var packed = new ZstdSharp.CompressionStream(target);
        packed.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return packed;
    }

    private string File(string name, byte[] content)
    {
        string path = _folder.File(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    private static List<string> Texts(string path, LinePlace? from = null)
    {
        using var file = DataFile.Open(path);
        return [.. file.Lines(from).Select(line => Encoding.UTF8.GetString(line.Bytes.Span))];
    }

    private static byte[] Numbers(int count) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, count).Select(number => $"{number}\n")));

    [Theory]
    [InlineData("a.txt", true)]
    [InlineData("a.TXT.gz", true)]
    [InlineData("a.txt.zstd", true)]
    [InlineData("a.jsonl", false)]
    [InlineData("txt", false)]
    [InlineData("a.txt.jsonl", false)]
    public void Plain_text_is_told_by_the_name(string name, bool plain) => Assert.Equal(plain, DataFile.IsPlainText(name));

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public void Compression_is_told_by_the_content_and_members_follow_each_other(string packing)
    {
        string path = File("whatever.jsonl", [.. Pack(packing, Numbers(5000)), .. Pack(packing, "last"u8.ToArray())]);
        Assert.Equal([.. Enumerable.Range(0, 5000).Select(number => $"{number}"), "last"], Texts(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public void Lines_from_any_place_are_those_that_follow(string packing)
    {
        byte[] content = Encoding.UTF8.GetBytes("\uFEFFone\r\n\n  two \nthree\n\nfour");
        string path = File("a.jsonl", packing.Length == 0 ? content : Pack(packing, content));
        using var file = DataFile.Open(path);
        var lines = file.Lines().ToList();
        Assert.Equal([1L, 3, 4, 6], lines.Select(line => line.Number));
        string[] texts = ["one", "  two ", "three", "four"];
        for (int count = 0; count < texts.Length; count++)
            Assert.Equal(texts[(count + 1)..], Texts(path, new LinePlace(lines[count].Number + 1, lines[count].End)));
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public void Compressed_data_that_ends_early_or_is_damaged_is_refused_and_not_taken_as_its_end(string packing)
    {
        byte[] whole = Pack(packing, Numbers(200_000));
        foreach (int length in (int[])[whole.Length - 1, whole.Length - 9, whole.Length / 2, 40])
        {
            string path = File("cut.jsonl" + packing, whole[..length]);
            var fault = Assert.Throws<InputException>(() => Texts(path));
            Assert.Contains("the compressed data is damaged or ends early", fault.Message, StringComparison.Ordinal);
            Assert.StartsWith(path, fault.Message, StringComparison.Ordinal);
        }

        byte[] damaged = [.. whole];
        for (int at = whole.Length / 2; at < whole.Length / 2 + 64; at++) damaged[at] ^= 0x5A;
        Assert.Throws<InputException>(() => Texts(File("damaged.jsonl", damaged)));
    }

    [Fact]
    public void A_line_of_text_is_a_document_with_that_text()
    {
        string path = File("a.txt", [.. "\uFEFFsay \"hi\" \\ \t\u0001\n"u8, 0xC3, 0x28, (byte)'\n', .. "\u4F60\u597D \U0001F642\r\n"u8]);
        var lines = JsonLines.Read(path).ToList();
        Assert.Equal("say \"hi\" \\ \t\u0001", lines[0].Value.GetProperty("text").GetString());
        Assert.Equal("invalid UTF-8 at byte 1", lines[1].Fault);
        Assert.Equal("\u4F60\u597D \U0001F642", lines[2].Value.GetProperty("text").GetString());
    }

    [Fact]
    public void Text_keeps_its_white_space_but_the_line_end()
    {
        string path = File("a.txt", "  indented\t \r\nend\r\r\n \t\r\n\r\r\n\tlast \r"u8.ToArray());
        Assert.Equal(["  indented\t ", "end\r", "\tlast "], JsonLines.Read(path).Select(line => line.Value.GetProperty("text").GetString()));
    }
}
