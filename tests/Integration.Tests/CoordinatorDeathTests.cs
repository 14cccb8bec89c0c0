using System.Text.Json;
using MiniMind.Integration.Tests.Programs;
using MiniMind.Integration.Tests.Runs;

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

    /// <summary>Stage and number of every step that was told, in the order in which they were.</summary>
    private List<(string Stage, long Step)> Steps(string folder) => [.. File.ReadLines(Project.PathOf(folder, "metrics.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("event").GetString() == "step")
        .Select(line => (line.GetProperty("stage").GetString()!, line.GetProperty("step").GetInt64()))];
}
