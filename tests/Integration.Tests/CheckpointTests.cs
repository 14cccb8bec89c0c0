using System.Text.Json;
using MiniMind.Integration.Tests.Runs;

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
}
