using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Text;
using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Tests.Ingestion;

public sealed class DataSplitTests : IDisposable
{
    private readonly IngestionFixture _fixture = new();
    private readonly string _file;
    private readonly SplitOptions _options;

    public DataSplitTests()
    {
        // Every third line comes twice, far from the first time.
        var lines = Enumerable.Range(0, 2000).Select(number => $"{{\"text\": \"dog {number % 1500}\"}}").ToArray();
        _file = _fixture.Write("a.jsonl", [lines[0], "", .. lines[1..]]);
        _options = new SplitOptions(_file, _file + ".train", _file + ".valid", 0.2, null, 42, false);
    }

    public void Dispose() => _fixture.Dispose();

    private static async Task<(string[] Training, string[] HeldOut)> SplitAsync(SplitOptions options)
    {
        var counts = await new DataSplit(options).RunAsync(default);
        var (training, held) = (File.ReadAllLines(options.Training), File.ReadAllLines(options.HeldOut));
        Assert.Equal(counts, (training.Length, held.Length));
        return (training, held);
    }

    [Fact]
    public async Task Every_line_is_on_one_side_and_equal_lines_on_the_same()
    {
        var (training, held) = await SplitAsync(_options);
        Assert.Equal(File.ReadAllLines(_file).Where(line => line.Length > 0).Order(), training.Concat(held).Order());
        Assert.Empty(training.Intersect(held));
        Assert.InRange(held.Length, 320, 480);
    }

    [Fact]
    public async Task The_order_of_lines_changes_no_side_and_another_seed_does()
    {
        var (_, held) = await SplitAsync(_options);
        File.WriteAllLines(_file, File.ReadAllLines(_file).Reverse());
        Assert.Equal(held.Reverse(), (await SplitAsync(_options with { Force = true })).HeldOut);
        Assert.NotEqual(held.Order(), (await SplitAsync(_options with { Force = true, Seed = 43 })).HeldOut.Order());
    }

    [Fact]
    public async Task A_count_holds_out_just_so_many_different_lines()
    {
        var (_, held) = await SplitAsync(_options with { Count = 100 });
        Assert.Equal(100, held.Distinct().Count());
        Assert.Contains("more than 1,500", (await Assert.ThrowsAsync<InputException>(() => SplitAsync(_options with { Count = 1500, Force = true }))).Message);
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public async Task Names_decide_how_the_lines_are_compressed(string ending)
    {
        var plain = await SplitAsync(_options);
        var packed = _options with { Training = $"{_file}.t.jsonl{ending}", HeldOut = $"{_file}.v.jsonl" };
        await new DataSplit(packed).RunAsync(default);
        Assert.NotEqual((byte)'{', File.ReadAllBytes(packed.Training)[0]);
        Assert.Equal(plain.Training, ReadLines(packed.Training));
        Assert.Equal(plain.HeldOut, File.ReadAllLines(packed.HeldOut));
    }

    [Fact]
    public async Task A_stop_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new DataSplit(_options).RunAsync(stop.Token));
        Assert.Equal([_file], Directory.GetFiles(Path.GetDirectoryName(_file)!));
    }

    /// <summary>New lines to train on, beside old ones that are held out, could be the same.</summary>
    [Fact]
    public void Two_files_get_their_names_together_or_keep_what_was_there()
    {
        var (first, last) = (_fixture.Write("first.jsonl", ["old"]), _file + ".last.jsonl");
        var line = new RawLine(1, "{}"u8.ToArray(), 3, null);
        using (var training = new LineOutput(first))
        using (var held = new LineOutput(last))
        {
            foreach (var output in (LineOutput[])[training, held])
            {
                output.Add(line);
                output.Finish();
            }
            Directory.CreateDirectory(last);
            Assert.ThrowsAny<Exception>(() => LineOutput.Publish(training, held));
            Assert.Equal(["old"], File.ReadAllLines(first));
            Directory.Delete(last);
            LineOutput.Publish(training, held);
        }
        Assert.Equal(["{}"], File.ReadAllLines(first));
        Assert.Equal(["{}"], File.ReadAllLines(last));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_file)!, "*.tmp"));
    }

    private static IReadOnlyList<string> ReadLines(string path)
    {
        using var file = DataFile.Open(path);
        return [.. file.Lines().Select(line => System.Text.Encoding.UTF8.GetString(line.Bytes.Span))];
    }

    [Fact]
    public async Task Nothing_is_overwritten_unless_asked_and_nothing_half_written()
    {
        File.WriteAllText(_options.HeldOut, "mine");
        Assert.Contains("--force", (await Assert.ThrowsAsync<InputException>(() => SplitAsync(_options))).Message);
        Assert.Contains("another file than those that are read", (await Assert.ThrowsAsync<InputException>(() => SplitAsync(_options with { Training = _file, Force = true }))).Message);
        string gone = _fixture.Write("cut.jsonl.gz", "\u001f");
        await Assert.ThrowsAsync<InputException>(() => SplitAsync(_options with { File = gone, Training = _options.HeldOut, HeldOut = _options.HeldOut, Force = true }));
        string packed = IngestionFixture.Compress(_file, ".gz");
        using (var file = new FileStream(packed, FileMode.Open)) file.SetLength(file.Length / 2);
        await Assert.ThrowsAsync<InputException>(() => SplitAsync(_options with { File = packed, Force = true }));
        Assert.Equal("mine", File.ReadAllText(_options.HeldOut));
        Assert.False(File.Exists(_options.Training));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_file)!, "*.tmp"));
    }

    [Fact]
    public void A_side_without_a_line_is_told()
    {
        Assert.Equal([$"{_options.Training}: 1,234 lines", $"{_options.HeldOut}: 5 lines"], new DataSplit(_options).Describe(1234, 5));
        Assert.Contains("no line is held out", new DataSplit(_options).Describe(10, 0).Last(), StringComparison.Ordinal);
        Assert.Contains("no line is left to train on", new DataSplit(_options).Describe(0, 10).Last(), StringComparison.Ordinal);
    }
}
