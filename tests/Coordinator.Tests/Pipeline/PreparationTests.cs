using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.Pipeline;

public sealed class PreparationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _told = new();

    public void Dispose() => _folder.Dispose();

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

    private async Task<PreparedRun> PrepareAsync()
    {
        var data = _folder.Write("a.jsonl", string.Concat(Enumerable.Range(0, 60).Select(number => $"{{\"text\": \"dog {number}\"}}\n")));
        var run = RunFile.Load(_folder.Write("run.yaml", $"""
            model: tiny
            sequence_length: 32
            lanes: 2
            stages:
              - stage: tokenizer
                data: {data}
                vocabulary_size: 300
              - stage: pretrain
                data: {data}
                validation: 0.3
            """), []);
        var folder = new RunFolder(_folder["out"]);
        await using var screen = new PlainScreen(_told, new ManualTime(), 1);
        return await new Preparation(run, folder, new ArtifactStore(folder.Artifacts), screen, new ManualTime()).PrepareAsync(CancellationToken.None);
    }
}
