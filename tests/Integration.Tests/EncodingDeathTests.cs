using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

/// <summary>"minimind data encode" killed in the middle, and called again.</summary>
public sealed class EncodingDeathTests : IDisposable
{
    private const string RunFile = """
        model: tiny
        sequence_length: 128
        tokenizer: ../tokenizer
        stages:
          - {stage: pretrain, data: ../corpus.jsonl}

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("minimind-encoding-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Encoding_that_is_killed_goes_on_where_it_was_to_the_same_bytes()
    {
        WriteCorpus();
        Assert.Equal(0, (await Programs.RunAsync(_folder, "tokenizer", "train", "small.txt", "--out", "tokenizer", "--vocabulary-size", "600")).ExitCode);
        var whole = MakeHome("whole");
        Assert.Equal(0, (await Programs.RunAsync(whole, "data", "encode", "run.yaml")).ExitCode);
        var home = MakeHome("killed");
        await using (var encoding = Programs.Start(home, "data", "encode", "run.yaml"))
        {
            await encoding.SeeFileAsync(CacheOf(home), "journal.json");
            encoding.Signal(Signal.Kill);
            Assert.Equal(128 + (int)Signal.Kill, (await encoding.EndAsync()).ExitCode);
        }
        // The first part is on the disk, the whole is not.
        var partial = Directory.GetDirectories(CacheOf(home), ".partial-*").Single();
        var written = File.GetLastWriteTimeUtc(Path.Combine(partial, "train-00000.shard"));

        var ended = await Programs.RunAsync(home, "data", "encode", "run.yaml");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Equal(Files(whole), Files(home));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(DatasetOf(home), "train-00000.shard")));
    }

    /// <summary>About 100 MB: three parts of what is encoded at once.</summary>
    private void WriteCorpus()
    {
        var words = new Random(3);
        string[] sentences = [.. Enumerable.Range(0, 500).Select(_ => string.Join(' ', Enumerable.Range(0, 12).Select(_ => $"word{words.Next(400)}")))];
        File.WriteAllLines(Path.Combine(_folder, "small.txt"), sentences);
        File.WriteAllLines(
            Path.Combine(_folder, "corpus.jsonl"),
            Enumerable.Range(0, 100_000).Select(line => $"{{\"text\": \"{line}: {string.Join(". ", Enumerable.Range(0, 10).Select(at => sentences[(line * 7 + at * 13) % sentences.Length]))}\"}}"));
    }

    private string MakeHome(string name)
    {
        var home = Path.Combine(_folder, name);
        Directory.CreateDirectory(CacheOf(home));
        File.WriteAllText(Path.Combine(home, "run.yaml"), RunFile);
        return home;
    }

    private static string CacheOf(string home) => Path.Combine(home, "dataset-cache");

    private static string DatasetOf(string home) => Directory.GetDirectories(CacheOf(home)).Single();

    private static Dictionary<string, byte[]> Files(string home) =>
        Directory.GetFiles(DatasetOf(home)).Where(file => Path.GetFileName(file) != "about.json").ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
}
