using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

/// <summary>More workers than lanes, and several that die at the same moment.</summary>
[Collection(Runs.Runs.Name)]
public sealed class SpareTests(ReferenceRun reference)
{
    private TinyProject Project => reference.Project;

    [Fact]
    public async Task A_hot_spare_takes_over_and_the_run_ends_with_the_same_bytes()
    {
        string[] lanes = ["--set", "lanes=2"];
        Assert.Equal(0, (await Project.RunAsync("two-lanes", [.. lanes, "--workers", "1"])).ExitCode);
        await using var run = Project.StartRun("spare", [.. lanes, "--workers", "3"]);
        await run.SeeAsync("pretrain: step 3/");
        var workers = Signals.ChildrenOf(run.Id);
        Assert.Equal(3, workers.Count);
        Signals.Send(workers[0], Signal.Kill);

        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("(lost worker-", ended.Output, StringComparison.Ordinal);
        RunResult.Read(Project.PathOf("two-lanes")).AssertSame(RunResult.Read(Project.PathOf("spare")));
        await Project.AssertSoundAsync("spare");
    }

    [Fact]
    public async Task Two_workers_of_three_killed_at_once_change_neither_the_bytes_nor_stop_the_run()
    {
        const string Folder = "two-killed";
        await using var run = Project.StartRun(Folder, "--workers", "3");
        await run.SeeAsync("pretrain: step 3/");
        foreach (var worker in Signals.ChildrenOf(run.Id).Take(2)) Signals.Send(worker, Signal.Kill);

        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(Folder)));
        await Project.AssertSoundAsync(Folder);
    }
}
