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
        var steps = Steps(folder);
        Assert.Equal(steps.Distinct(), steps);
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
        Assert.Contains(Logs(folder), line => line.Contains("kept in the cache until a coordinator takes it", StringComparison.Ordinal));

        var ended = await Project.RunAsync(folder, [.. settings, "--resume"]);

        Assert.True(ended.ExitCode == 0, ended.ToString());
        RunResult.Read(Project.PathOf(whole)).AssertSame(RunResult.Read(Project.PathOf(folder)));
        await Project.AssertSoundAsync(folder);
        // Not one step was computed again.
        var steps = Steps(folder);
        Assert.Equal(steps.Distinct(), steps);
        Assert.Equal(Steps(whole).Count, steps.Count);
        Assert.Empty(Directory.GetDirectories(Project.PathOf(folder, "cache", "orphans", "tiny")));
    }

    private IEnumerable<string> Logs(string folder) => Directory.GetFiles(Project.PathOf(folder, "logs"), "worker-*.log").SelectMany(File.ReadAllLines);

    /// <summary>Stage and number of every step that was told, in the order in which they were.</summary>
    private List<(string Stage, long Step)> Steps(string folder) => [.. File.ReadLines(Project.PathOf(folder, "metrics.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("event").GetString() == "step")
        .Select(line => (line.GetProperty("stage").GetString()!, line.GetProperty("step").GetInt64()))];
}
