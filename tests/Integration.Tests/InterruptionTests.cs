using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

[Collection(Runs.Runs.Name)]
public sealed class InterruptionTests(ReferenceRun reference)
{
    private TinyProject Project => reference.Project;

    [Fact]
    public async Task Worker_killed_in_the_middle_changes_neither_the_bytes_nor_stops_the_run()
    {
        const string Folder = "worker-killed";
        await using var run = Project.StartRun(Folder, "--workers", "2");
        await run.SeeAsync("pretrain: step 3/");
        Signals.Send(Signals.ChildrenOf(run.Id)[0], Signal.Kill);

        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("ended with exit code 137; starting it again", ended.Output, StringComparison.Ordinal);
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(Folder)));
        await Project.AssertSoundAsync(Folder);
    }

    [Theory]
    [InlineData("pretrain: step 2/")]
    [InlineData("sft: step 13/")]
    public async Task Whole_run_killed_and_resumed_ends_with_the_same_bytes(string moment)
    {
        var folder = $"all-killed-{moment.Length}";
        await using (var run = Project.StartRun(folder, "--workers", "2"))
        {
            await run.SeeAsync(moment);
            await run.KillAllAsync();
        }

        var ended = await Project.RunAsync(folder, "--workers", "2", "--resume");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(folder)));
        await Project.AssertSoundAsync(folder);
    }

    [Fact]
    public async Task Ctrl_c_leaves_a_checkpoint_of_the_step_in_flight_and_resuming_ends_with_the_same_bytes()
    {
        const string Folder = "interrupted";
        await using (var run = Project.StartRun(Folder, "--workers", "2"))
        {
            await run.SeeAsync("pretrain: step 7/");
            // A terminal sends it to the whole process group.
            foreach (var worker in Signals.ChildrenOf(run.Id)) Signals.Send(worker, Signal.Interrupt);
            run.Signal(Signal.Interrupt);
            var stopped = await run.EndAsync();

            Assert.True(stopped.ExitCode == 130, stopped.ToString());
            Assert.Contains("--resume goes on from there", stopped.Output, StringComparison.Ordinal);
            CheckpointFolder.AssertComplete(Project.PathOf(Folder, "latest"));
            await Project.AssertSoundSoFarAsync(Folder);
        }
        var durable = File.ReadAllLines(Project.PathOf(Folder, "ledger.jsonl")).Length;
        Assert.EndsWith($"pretrain-{durable}", Path.GetFullPath(Directory.ResolveLinkTarget(Project.PathOf(Folder, "latest"), true)!.FullName), StringComparison.Ordinal);

        var ended = await Project.RunAsync(Folder, "--workers", "1", "--resume");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        reference.Result.AssertSame(RunResult.Read(Project.PathOf(Folder)));
    }

    [Fact]
    public async Task Resuming_a_complete_run_trains_nothing_and_keeps_its_bytes()
    {
        var ended = await Project.RunAsync("reference", "--resume");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.DoesNotContain("step", ended.Output.Replace("steps", "", StringComparison.Ordinal), StringComparison.Ordinal);
        reference.Result.AssertSame(RunResult.Read(reference.Folder));
    }

    [Fact]
    public async Task Run_into_a_folder_of_another_run_is_refused()
    {
        var ended = await Project.RunAsync("reference");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("--resume", ended.Error, StringComparison.Ordinal);
        reference.Result.AssertSame(RunResult.Read(reference.Folder));
    }

    [Fact]
    public async Task Resuming_with_other_settings_is_refused()
    {
        var ended = await Project.RunAsync("reference", "--resume", "--set", "seed=8");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("Changed: seed: was 7, now 8", ended.Error, StringComparison.Ordinal);
        reference.Result.AssertSame(RunResult.Read(reference.Folder));
    }

    [Fact]
    public async Task Resuming_with_other_texts_for_the_tokenizer_is_refused_and_leaves_it_as_it_is()
    {
        File.WriteAllLines(Project.PathOf("more.jsonl"), File.ReadLines(Project.PathOf(TinyProject.PretrainFile)).Append("{\"text\": \"zebras, zebras\"}"));
        var tokenizer = Path.Combine(reference.Folder, "tokenizer");
        var before = Directory.GetFiles(tokenizer).ToDictionary(file => file, File.ReadAllBytes);

        var ended = await Project.RunAsync("reference", "--resume", "--set", "tokenizer.data=[more.jsonl, sft.jsonl]");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("Changed: tokenizer.data: more.jsonl. Undo that", ended.Error, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(tokenizer).ToDictionary(file => file, File.ReadAllBytes));
        reference.Result.AssertSame(RunResult.Read(reference.Folder));
    }

    [Fact]
    public async Task Resuming_with_other_data_is_refused_with_key_and_file()
    {
        File.WriteAllLines(Project.PathOf("fewer.jsonl"), File.ReadLines(Project.PathOf(TinyProject.SftFile)).SkipLast(1));

        var ended = await Project.RunAsync("reference", "--resume", "--set", "sft.data=fewer.jsonl");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("Changed: sft.data (fewer.jsonl). Undo that", ended.Error, StringComparison.Ordinal);
        reference.Result.AssertSame(RunResult.Read(reference.Folder));
    }

    [Fact]
    public async Task Resuming_under_another_name_is_refused()
    {
        var ended = await Project.RunAsync("reference", "--resume", "--set", "name=other");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("another name", ended.Error, StringComparison.Ordinal);
        reference.Result.AssertSame(RunResult.Read(reference.Folder));
    }
}
