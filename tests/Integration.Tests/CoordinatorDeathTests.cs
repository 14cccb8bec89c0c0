using System.Text.Json;
using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

[Collection(Runs.Runs.Name)]
public sealed class CoordinatorDeathTests(ReferenceRun reference)
{
    private TinyProject Project => reference.Project;

    [Theory]
    [InlineData("pretrain: step 7/")]
    [InlineData("sft: step 13/")]
    public async Task Workers_outlive_a_coordinator_that_is_killed_and_the_next_one_adopts_them_without_losing_a_step(string moment)
    {
        var folder = $"coordinator-killed-{moment.Length}";
        IReadOnlyList<int> workers;
        await using (var run = Project.StartRun(folder, "--workers", "2"))
        {
            await run.SeeAsync(moment);
            workers = Signals.ChildrenOf(run.Id);
            run.Signal(Signal.Kill);
            await run.EndAsync();
        }
        Assert.All(workers, worker => Assert.True(Signals.IsRunning(worker)));

        var ended = await Project.RunAsync(folder, "--workers", "2", "--resume");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("its workers outlived their coordinator", ended.Output, StringComparison.Ordinal);
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(folder)));
        await Project.AssertSoundAsync(folder);
        AssertWellTold(folder);
        AssertQuiet(folder);
        // Each worker was told of its generation by both coordinators.
        Assert.All(Logs(folder), log => Assert.Contains(
            log.Where(line => line.StartsWith("generation ", StringComparison.Ordinal)).CountBy(line => line.Split(':')[0]), told => told.Value > 1));
        Assert.All(workers, worker => Assert.False(Signals.IsRunning(worker)));
    }

    /// <summary>Nobody comes back for the workers: they write a checkpoint where they are, and the run goes on from there, not from an older one.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Workers_without_a_coordinator_keep_a_checkpoint_that_the_next_one_takes(int epochs)
    {
        string[] settings = ["--workers", "2", "--set", "orphan_timeout=1", "--set", $"pretrain.epochs={epochs}", "--set", "pretrain.checkpoint_interval=1000"];
        var (whole, folder) = ($"whole-{epochs}", $"orphaned-{epochs}");
        Assert.Equal(0, (await Project.RunAsync(whole, settings)).ExitCode);
        await using (var run = Project.StartRun(folder, settings))
        {
            await run.SeeAsync("pretrain: step 7/");
            var workers = Signals.ChildrenOf(run.Id);
            run.Signal(Signal.Kill);
            await run.EndAsync();
            foreach (var worker in workers) await Signals.GoneAsync(worker);
        }
        Assert.Contains(Logs(folder).SelectMany(log => log), line => line.Contains("kept in the cache until a coordinator takes it", StringComparison.Ordinal));
        AssertQuiet(folder);

        var ended = await Project.RunAsync(folder, [.. settings, "--resume"]);

        Assert.True(ended.ExitCode == 0, ended.ToString());
        RunResult.Read(Project.PathOf(whole)).AssertSame(RunResult.Read(Project.PathOf(folder)));
        await Project.AssertSoundAsync(folder);
        // Not one step was computed again.
        AssertWellTold(folder);
        Assert.Equal(Steps(whole).Select(Figures), Steps(folder).Select(Figures));
        Assert.Equal(Ended(whole).Select(Summary), Ended(folder).Select(Summary));
        Assert.Contains("kept while there was no coordinator; the stage goes on from there", ended.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Project.PathOf(folder, "cache", "orphans", "tiny")));
    }

    private List<string[]> Logs(string folder) => [.. Directory.GetFiles(Project.PathOf(folder, "logs"), "worker-*.log").Select(File.ReadAllLines)];

    /// <summary>No worker met anything that it did not expect: then it would write where that was.</summary>
    private void AssertQuiet(string folder) =>
        Assert.All(Logs(folder).SelectMany(log => log), line => Assert.DoesNotContain("   at ", line, StringComparison.Ordinal));

    /// <summary>Every step is told once, tokens only grow within a stage, and no figure is missing or made up.</summary>
    private void AssertWellTold(string folder)
    {
        foreach (var stage in Steps(folder).GroupBy(step => step.GetProperty("stage").GetString()))
        {
            var told = stage.Select(step => (Step: step.GetProperty("step").GetInt64(), Tokens: step.GetProperty("tokens").GetInt64())).ToList();
            Assert.Equal(Enumerable.Range(1, told.Count).Select(step => (long)step), told.Select(step => step.Step));
            Assert.Equal(told.Select(step => step.Tokens).Distinct().Order(), told.Select(step => step.Tokens));
            Assert.All(stage, step => Assert.True(step.GetProperty("learning_rate").GetDouble() > 0 && step.GetProperty("gradient_norm").GetDouble() > 0));
        }
    }

    private static (string?, long, double, double, double, long) Figures(JsonElement step) => (
        step.GetProperty("stage").GetString(), step.GetProperty("step").GetInt64(), step.GetProperty("loss").GetDouble(), step.GetProperty("learning_rate").GetDouble(),
        step.GetProperty("gradient_norm").GetDouble(), step.GetProperty("tokens").GetInt64());

    private static (string?, long, long, double, double) Summary(JsonElement stage) => (
        stage.GetProperty("stage").GetString(), stage.GetProperty("steps").GetInt64(), stage.GetProperty("tokens").GetInt64(),
        stage.GetProperty("first_loss").GetDouble(), stage.GetProperty("last_loss").GetDouble());

    /// <summary>The steps that were told, in the order in which they were.</summary>
    private List<JsonElement> Steps(string folder) => Told(folder, "step");

    private List<JsonElement> Ended(string folder) => Told(folder, "stage_ended");

    private List<JsonElement> Told(string folder, string name) => [.. File.ReadLines(Project.PathOf(folder, "metrics.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("event").GetString() == name)];
}
