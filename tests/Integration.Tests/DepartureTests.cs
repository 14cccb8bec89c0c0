using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

/// <summary>Workers that are asked to go, or that fall silent: the run gets on without them, to the same bytes.</summary>
[Collection(Runs.Runs.Name)]
public sealed class DepartureTests(ReferenceRun reference)
{
    private TinyProject Project => reference.Project;

    [Theory]
    [InlineData(0)] // The lowest rank, which writes checkpoints.
    [InlineData(1)]
    public async Task Worker_asked_to_end_in_the_middle_leaves_and_the_run_ends_with_the_same_bytes(int worker)
    {
        var folder = $"worker-{worker}-leaves";
        await using var run = Project.StartRun(folder, "--workers", "2");
        await run.SeeAsync("pretrain: step 3/");
        Signals.Send(Signals.ChildrenOf(run.Id)[worker], Signal.Terminate);
        await run.SeeAsync(" left");

        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        // It has ended by itself, nobody has taken its place, and the other one went on alone.
        Assert.True(!ended.Output.Contains("starting it again", StringComparison.Ordinal), ended.ToString());
        Assert.Matches(@"(?m)generation \d+: worker-\d \(worker-\d leaves\)", ended.Output);
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(folder)));
    }

    [Fact]
    public async Task Worker_that_stands_still_is_passed_over_and_does_no_harm_when_it_goes_on()
    {
        const string Folder = "worker-silent";
        await using var run = Project.StartRun(Folder, "--workers", "2");
        await run.SeeAsync("pretrain: step 3/");
        var silent = Signals.ChildrenOf(run.Id)[1];
        Signals.Send(silent, Signal.Stop);
        await run.SeeAsync("(lost worker-");
        Signals.Send(silent, Signal.Continue);

        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.False(Signals.IsRunning(silent), "the silent worker has outlived its run");
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(Folder)));
    }

    [Fact]
    public async Task All_workers_asked_to_end_halt_the_run_with_a_checkpoint_and_resuming_ends_with_the_same_bytes()
    {
        const string Folder = "all-leave";
        await using (var run = Project.StartRun(Folder, "--workers", "2"))
        {
            await run.SeeAsync("pretrain: step 7/");
            foreach (var worker in Signals.ChildrenOf(run.Id)) Signals.Send(worker, Signal.Terminate);
            var halted = await run.EndAsync();

            Assert.True(halted.ExitCode == 1, halted.ToString());
            var latest = Project.PathOf(Folder, "latest");
            CheckpointFolder.AssertComplete(latest);
            Assert.StartsWith("checkpoints/pretrain-", new FileInfo(latest).LinkTarget, StringComparison.Ordinal);
            var step = int.Parse(new FileInfo(latest).LinkTarget!.Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture);
            Assert.Matches($@"halted after step {step} of \d+, because all workers left; the same command with --resume goes on from there", halted.ToString());
            Assert.Equal(step, File.ReadAllLines(Project.PathOf(Folder, "ledger.jsonl")).Length);
        }

        var ended = await Project.RunAsync(Folder, "--workers", "2", "--resume");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(Folder)));
    }
}
