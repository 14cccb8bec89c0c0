using System.Text.Json;
using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

[Collection(Runs.Runs.Name)]
public sealed class CheckpointTests(ReferenceRun reference)
{
    [Theory]
    [InlineData("latest")]
    [InlineData("best")]
    [InlineData("checkpoints/pretrain-18")]
    public void Checkpoint_is_complete_and_its_manifest_is_true(string folder) =>
        CheckpointFolder.AssertComplete(Path.Combine(reference.Folder, folder));

    [Fact]
    public void Latest_points_to_the_last_step_of_the_last_stage()
    {
        Assert.Equal("checkpoints/sft-46", new FileInfo(Path.Combine(reference.Folder, "latest")).LinkTarget);
        using var trainer = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(reference.Folder, "latest", "trainer.json")));
        Assert.Equal(("sft", 46, 46), (
            trainer.RootElement.GetProperty("stage").GetString(), trainer.RootElement.GetProperty("step").GetInt32(),
            trainer.RootElement.GetProperty("total_steps").GetInt32()));
    }

    [Fact]
    public void Best_has_the_lowest_validation_loss_of_the_last_stage()
    {
        var losses = File.ReadLines(Path.Combine(reference.Folder, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("event").GetString() == "validation" && line.GetProperty("stage").GetString() == "sft")
            .ToDictionary(line => line.GetProperty("step").GetInt64(), line => line.GetProperty("loss").GetDouble());

        Assert.Equal([10, 20, 30, 40, 46], losses.Keys.Order());
        var best = losses.MinBy(entry => entry.Value).Key;
        Assert.Equal($"checkpoints/sft-{best}", new FileInfo(Path.Combine(reference.Folder, "best")).LinkTarget);
    }

    [Fact]
    public void Only_the_newest_and_the_best_checkpoint_of_each_stage_are_kept()
    {
        var kept = Directory.GetDirectories(Path.Combine(reference.Folder, "checkpoints")).Select(folder => Path.GetFileName(folder)).ToList();

        Assert.Contains("pretrain-18", kept);
        Assert.Contains("sft-46", kept);
        Assert.InRange(kept.Count(name => name.StartsWith("pretrain-", StringComparison.Ordinal)), 1, 2);
        Assert.InRange(kept.Count(name => name.StartsWith("sft-", StringComparison.Ordinal)), 1, 2);
        Assert.DoesNotContain("pretrain-5", kept);
        Assert.DoesNotContain("sft-10", kept);
    }

    [Fact]
    public void Ledger_holds_every_step_once_in_order()
    {
        var steps = File.ReadLines(Path.Combine(reference.Folder, "ledger.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(entry => (entry.GetProperty("stage_index").GetInt32(), int.Parse(entry.GetProperty("step").GetString()!, System.Globalization.CultureInfo.InvariantCulture)));

        Assert.Equal([.. Enumerable.Range(1, 18).Select(step => (1, step)), .. Enumerable.Range(1, 46).Select(step => (2, step))], steps);
    }

    [Fact]
    public async Task Vocabulary_of_the_model_is_the_one_given_when_that_is_larger_than_the_tokenizers()
    {
        const int Given = 640;
        var project = reference.Project;
        File.WriteAllText(project.PathOf("padded.yaml"), $$"""
            model: {preset: tiny, layers: 1, vocabulary_size: {{Given}}}
            sequence_length: 64
            stages:
              - {stage: tokenizer, data: {{TinyProject.PretrainFile}}, vocabulary_size: 400}
              - {stage: pretrain, data: {{TinyProject.PretrainFile}}}
            """);

        var ended = await Programs.RunAsync(project.Folder, "run", "padded.yaml", "--plain", "--out", "padded", "--workers", "1");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.InRange(TokensOf(project.PathOf("padded", "tokenizer", "tokenizer.json")), 300, 400);
        Assert.Equal(Given, VocabularyOf(project.PathOf("padded", "latest")));
        // The reference leaves it to the tokenizer stage, which may stop below the size that it was asked for.
        Assert.Equal(TokensOf(Path.Combine(reference.Folder, "tokenizer", "tokenizer.json")), VocabularyOf(Path.Combine(reference.Folder, "latest")));
    }

    private static int VocabularyOf(string model)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(model, "config.json")));
        return config.RootElement.GetProperty("vocab_size").GetInt32();
    }

    /// <summary>Ids of a tokenizer file: one more than the greatest.</summary>
    private static int TokensOf(string tokenizer)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(tokenizer));
        var words = file.RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject().Select(word => word.Value.GetInt32());
        var added = file.RootElement.GetProperty("added_tokens").EnumerateArray().Select(token => token.GetProperty("id").GetInt32());
        return words.Concat(added).Max() + 1;
    }
}
