using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.RunFiles;

public sealed class SettingsChangeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Changes_are_named_as_the_run_file_spells_them()
    {
        File.WriteAllText(_folder["a.jsonl"], "{\"text\": \"a\"}\n");
        File.WriteAllText(_folder["run.yaml"], $$"""
            model: tiny
            sample: {out: {{_folder["toy"]}} }
            stages:
              - {stage: tokenizer, data: {{_folder["a.jsonl"]}} }
              - {stage: pretrain, data: {{_folder["a.jsonl"]}} }
            """);
        string Text(params string[] overrides) => RunFile.Load(_folder["run.yaml"], overrides).CanonicalText;

        Assert.Empty(SettingsChange.Describe(Text(), Text("workers=4", "pretrain.checkpoint_interval=7")));
        Assert.Equal(
            ["seed: was 42, now 7", "model.layers: was 2, now 3", "sample.seed: was 42, now 8", "pretrain.epochs: was 1, now 2"],
            SettingsChange.Describe(Text(), Text("seed=7", "sample.seed=8", "pretrain.epochs=2", "model.layers=3")));
        Assert.Empty(SettingsChange.Describe(Text(), Text($"sample.out={_folder["moved"]}")));
    }
}
