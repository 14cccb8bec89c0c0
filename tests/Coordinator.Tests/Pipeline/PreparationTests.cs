using System.Security.Cryptography;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Coordinator.ToyWorld;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class PreparationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Listener _told = new();

    public void Dispose()
    {
        _folder.Dispose();
        _told.Dispose();
    }

    [Theory]
    [InlineData("train")]
    [InlineData("valid")]
    public async Task Cached_data_that_was_changed_is_named_and_encoded_again(string side)
    {
        var first = await PrepareAsync();
        var shard = Directory.GetFiles(_folder["out"], $"{side}-00000.shard", SearchOption.AllDirectories).Single();
        var whole = File.ReadAllBytes(shard);
        var changed = whole.ToArray();
        changed[^1] ^= 1;
        File.WriteAllBytes(shard, changed);

        var second = await PrepareAsync();

        Assert.Contains($"{shard}: the cached data was changed since it was encoded; encoding it again", _told.ToString(), StringComparison.Ordinal);
        Assert.Equal(whole, File.ReadAllBytes(shard));
        Assert.Equal(first.Identity, second.Identity);
        Assert.Equal(first.Stages, second.Stages);
    }

    [Fact]
    public async Task Cached_data_as_it_was_encoded_is_not_encoded_again()
    {
        var first = await PrepareAsync();
        var second = await PrepareAsync();

        Assert.Equal(first.Stages, second.Stages);
        Assert.DoesNotContain("again", _told.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The cache is shared, and anybody may prune it.</summary>
    [Fact]
    public async Task The_data_of_a_stage_is_copied_before_the_next_stage_is_encoded()
    {
        _folder.Write("a.jsonl", string.Concat(Enumerable.Range(0, 60).Select(number => $"{{\"text\": \"dog {number}\"}}\n")));
        _folder.Write("bad.jsonl", "{");
        var run = RunFile.Load(_folder.Write("run.yaml", $$"""
            model: tiny
            sequence_length: 32
            lanes: 2
            stages:
              - {stage: tokenizer, data: {{_folder["a.jsonl"]}}, vocabulary_size: 300}
              - {stage: pretrain, data: {{_folder["a.jsonl"]}}}
              - {stage: pretrain, name: second, data: {{_folder["bad.jsonl"]}}}
            """), []);
        var folder = new RunFolder(_folder["out"]);
        await using var screen = new PlainScreen(_told, new ManualTime(), 1);
        await Assert.ThrowsAsync<InputException>(() => new Preparation(
            run, folder, new RunRecord(), new ArtifactStore(folder.Artifacts), screen, new ManualTime()).PrepareAsync(CancellationToken.None));

        var shard = Directory.GetFiles(folder.Datasets, "train-00000.shard", SearchOption.AllDirectories).Single();
        var copy = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(shard)));
        Assert.True(new ArtifactStore(folder.Artifacts).Exists(copy));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Data_that_is_pruned_before_it_is_copied_is_encoded_again(bool cached)
    {
        var first = await PrepareAsync();
        var datasets = _folder["out/datasets"];
        if (!cached) Directory.Delete(datasets, recursive: true);
        bool pruned = false;
        _told.Heard = () =>
        {
            // Told as soon as the data is there.
            if (pruned || !_told.Last.Contains(" documents, ", StringComparison.Ordinal)) return;
            pruned = CacheFolders.Remove(datasets, Assert.Single(CacheFolders.List(datasets))) == Removal.Done;
        };

        var second = await PrepareAsync(write: false);

        Assert.True(pruned);
        Assert.Contains("the encoded data was removed before it was copied; encoding it again", _told.ToString(), StringComparison.Ordinal);
        Assert.Equal(first.Stages, second.Stages);
        Assert.Single(CacheFolders.List(datasets));
    }

    [Theory]
    [InlineData("a.jsonl", "tokenizer.data: ")]
    [InlineData("b.jsonl", "pretrain.data (")]
    public async Task A_begun_run_is_refused_with_other_data_by_key_and_file_and_nothing_of_it_changes(string changed, string key)
    {
        var first = await PrepareAsync();
        var record = new RunRecord { Identity = first.Identity, Inputs = first.Inputs };
        File.AppendAllText(_folder[changed], "{\"text\": \"another zebra, another zebra\"}\n");
        var before = Files();

        var fault = await Assert.ThrowsAsync<InputException>(() => PrepareAsync(record, write: false));

        Assert.Contains($"Changed: {key}{_folder[changed]}", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--out DIR", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, Files());

        // What is encoded has a folder for its content, so that it changes nothing.
        List<(string, string)> Files() => [.. Directory.GetFiles(_folder["out"], "*", SearchOption.AllDirectories)
            .Where(file => !file.StartsWith(_folder["out/datasets"], StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(file => (file, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))))];
    }

    [Fact]
    public async Task A_begun_run_goes_on_with_the_same_data_wherever_it_lies()
    {
        var first = await PrepareAsync();
        var record = new RunRecord { Identity = first.Identity, Inputs = first.Inputs };
        File.Copy(_folder["a.jsonl"], _folder["moved.jsonl"]);

        var second = await PrepareAsync(record, tokenizerData: "moved.jsonl");

        Assert.Equal(first.Stages, second.Stages);
    }

    [Fact]
    public async Task A_bad_line_is_refused_with_the_stage_whose_it_is()
    {
        await PrepareAsync();
        File.AppendAllText(_folder["b.jsonl"], "{");

        var fault = await Assert.ThrowsAsync<InputException>(() => PrepareAsync(write: false));

        Assert.StartsWith("pretrain: 1 bad line", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(7, true)]
    public async Task The_world_of_another_seed_is_not_written_over(ulong seed, bool same)
    {
        ToyWorldWriter.Write(_folder["out/data"], 7);
        var world = File.ReadAllBytes(_folder["out/data/sft.jsonl"]);
        var sample = $"sample: {{out: {_folder["out/data"]}, seed: {seed}}}";

        if (same) await PrepareAsync(top: sample);
        else
        {
            var fault = await Assert.ThrowsAsync<InputException>(() => PrepareAsync(top: sample));
            Assert.StartsWith($"{_folder["out/data/world.json"]}: expected no toy world, or that of seed 8; found that of seed 7.", fault.Message, StringComparison.Ordinal);
            Assert.Contains("sample.out", fault.Message, StringComparison.Ordinal);
        }
        Assert.Equal(world, File.ReadAllBytes(_folder["out/data/sft.jsonl"]));
    }

    private async Task<PreparedRun> PrepareAsync(RunRecord? record = null, bool write = true, string tokenizerData = "a.jsonl", string top = "")
    {
        if (write)
            foreach (var name in (string[])["a.jsonl", "b.jsonl"])
                _folder.Write(name, string.Concat(Enumerable.Range(0, 60).Select(number => $"{{\"text\": \"dog {number}\"}}\n")));
        var run = RunFile.Load(_folder.Write("run.yaml", $"""
            model: tiny
            sequence_length: 32
            lanes: 2
            {top}
            stages:
              - stage: tokenizer
                data: {_folder[tokenizerData]}
                vocabulary_size: 300
              - stage: pretrain
                data: {_folder["b.jsonl"]}
                validation: 0.3
            """), []);
        var folder = new RunFolder(_folder["out"]);
        await using var screen = new PlainScreen(_told, new ManualTime(), 1);
        return await new Preparation(run, folder, record ?? new RunRecord(), new ArtifactStore(folder.Artifacts), screen, new ManualTime()).PrepareAsync(CancellationToken.None);
    }

    /// <summary>Keeps what the screen tells, and acts on it before the preparation goes on.</summary>
    private sealed class Listener : StringWriter
    {
        public Action? Heard { get; set; }

        public string Last => ToString().TrimEnd().Split('\n')[^1];

        public override void Flush()
        {
            base.Flush();
            Heard?.Invoke();
        }
    }
}
