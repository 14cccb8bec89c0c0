using System.Text;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Doctor;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Tests.Ingestion;
using MiniMind.Text;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Tests.Doctor;

/// <summary>
/// Mutated lines of every format, through check and ingestion: neither ever falls over, both call the same lines bad, and no line is lost without a word. For more of them:
/// MINIMIND_FUZZ_LINES=100000 dotnet test tests/Coordinator.Tests --filter FuzzedLines
/// </summary>
public sealed class FuzzedLinesTests : IDisposable
{
    private const int Lines = 3000;

    private static readonly Dictionary<string, string[]> Seeds = new()
    {
        ["pretrain"] = ["{\"text\": \"the dog and the fox\"}", "{\"text\": \"\\u4f60\\u597d 世界 🙂 \\\"quoted\\\" \\n\", \"other\": [1, {\"a\": null}]}"],
        ["sft"] =
        [
            "{\"conversations\": [{\"role\": \"system\", \"content\": \"s\", \"tools\": \"[{\\\"name\\\": \\\"f\\\"}]\"}, {\"role\": \"user\", \"content\": \"dog?\"}, {\"role\": \"assistant\", \"content\": \"\", \"tool_calls\": \"[{\\\"name\\\": \\\"f\\\", \\\"arguments\\\": {\\\"x\\\": 1}}]\"}, {\"role\": \"tool\", \"content\": \"7\"}, {\"role\": \"assistant\", \"content\": \"fox\", \"reasoning_content\": \"so\"}]}",
            "{\"conversations\": [{\"content\": \"dog\"}, {\"content\": \"<think>\\nhm\\n</think>\\n\\nfox\"}]}",
        ],
        ["dpo"] = ["{\"chosen\": [{\"role\": \"user\", \"content\": \"dog?\"}, {\"role\": \"assistant\", \"content\": \"fox\"}], \"rejected\": [{\"role\": \"user\", \"content\": \"dog?\"}, {\"role\": \"assistant\", \"content\": \"the\"}]}"],
        ["txt"] = ["the dog and the fox", "你好 世界 🙂 \"quoted\" \\u0041"],
    };

    private static readonly string[] Insertions =
        ["\"", "{", "}", "[", "]", ",", ":", "\\", "null", "1e999", "-0", "\\ud800", "\\u0000", "true", "\0", "\u007f", "\ufeff", "<|im_end|>", "<|im_start|>assistant\n", "<think>", "{{\"a\":", new string('[', 100), "\r", "\t", "9223372036854775808"];

    private readonly IngestionFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("pretrain")]
    [InlineData("sft")]
    [InlineData("dpo")]
    [InlineData("txt")]
    public async Task Mutated_lines_are_encoded_or_reported_and_check_and_ingestion_agree(string format)
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("MINIMIND_FUZZ_LINES"), out int asked) ? asked : Lines;
        string kind = format == "txt" ? "pretrain" : format;
        string path = _fixture.Write(format == "txt" ? "a.txt" : "a.jsonl");
        long written = Write(path, format, count);

        var (report, _) = await new DataCheck(new CheckOptions { Files = [path], Stage = kind, Samples = 0, Tokenizer = Path.GetDirectoryName(_fixture.Tokenizer.Files[0]) }).RunAsync(null, default);
        var dataset = await IngestionFixture.Ingest(_fixture.Request(path) with
        {
            Kind = kind,
            BadLines = BadLines.Skip,
            ValidationFraction = 0.1,
            ChunkBytes = 100_000,
            Packing = new PackingOptions { SequenceLength = 64 },
        });

        PackingTotals[] sides = [dataset.Training.Totals, dataset.Validation!.Totals];
        Assert.Equal((written, written), (report.Lines, dataset.Lines.Read));
        Assert.Equal(report.BadLines, dataset.Lines.Bad.Count);
        Assert.Equal(written, sides.Sum(side => side.Documents + side.Dropped) + dataset.Lines.Bad.Count);
        Assert.Equal(report.FirstBad.Select(line => line[line.IndexOf(':')..]), dataset.Lines.Bad.Quote([path]).Select(line => line[path.Length..]));
        // Both kinds are there, or nothing was tested.
        Assert.InRange(report.BadLines, format == "txt" ? 1 : count / 10, count * 9 / 10);
    }

    /// <summary>Lines that are not blank.</summary>
    private static long Write(string path, string format, int count)
    {
        var random = new Random(17);
        using var file = File.Create(path);
        long written = 0;
        for (int number = 0; number < count; number++)
        {
            byte[] line = Mutate(Encoding.UTF8.GetBytes(Seeds[format][random.Next(Seeds[format].Length)]), random);
            file.Write(line);
            file.WriteByte((byte)'\n');
            if (!line.AsSpan().Trim(" \t\r"u8).IsEmpty && !(number == 0 && line.AsSpan().SequenceEqual("\uFEFF"u8))) written++;
        }

        return written;
    }

    private static byte[] Mutate(byte[] line, Random random)
    {
        var bytes = line.ToList();
        for (int times = random.Next(0, 4); times > 0; times--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1 when at < bytes.Count:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(20)));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.Skip(random.Next(bytes.Count + 1)).Take(random.Next(30)).ToList());
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Insertions[random.Next(Insertions.Length)]));
                    break;
            }
        }

        return [.. bytes.Where(value => value != (byte)'\n')];
    }
}
