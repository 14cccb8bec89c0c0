using System.Net;
using System.Net.Sockets;
using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

/// <summary>Faults of the system end a command with exit code 1 and one message; what was there before stays.</summary>
[Collection(Runs.Runs.Name)]
public sealed class SystemFaultTests(ReferenceRun reference)
{
    private TinyProject Project => reference.Project;

    [Fact]
    public async Task Full_disk_ends_the_run_with_its_checkpoint_intact_and_resuming_ends_with_the_same_bytes()
    {
        using var disk = SmallDisk.Make(Project.PathOf("small-disk"));
        var folder = Path.Combine(disk.Folder, "out");
        await using (var begun = Project.StartRun(folder, "--workers", "1"))
        {
            await begun.SeeAsync("step 5, checkpoint");
            await begun.KillAllAsync();
        }

        await using (var run = disk.Start(Project.Folder, TinyProject.RunArguments(folder, "--workers", "1", "--resume")))
        {
            await run.SeeAsync("worker-0: training");
            disk.Fill();
            var ended = await run.EndAsync();

            Assert.True(ended.ExitCode == 1, ended.ToString());
            Assert.StartsWith("error: ", ended.Error, StringComparison.Ordinal);
            Assert.Contains(disk.Complaint, ended.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
        }
        CheckpointFolder.AssertComplete(Path.Combine(folder, "latest"));

        disk.Free();
        var resumed = await Project.RunAsync(folder, "--workers", "1", "--resume");
        Assert.True(resumed.ExitCode == 0, resumed.ToString());
        reference.Result.AssertSame(RunResult.Read(folder));
    }

    [Fact]
    public async Task Port_in_use_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await using var worker = Programs.StartProgram(
            Programs.Worker, Project.Folder, "train", "--coordinator", "http://127.0.0.1:1", "--run", "tiny", "--name", "w", "--cache", "cache", "--port", $"{port}");
        var ended = await worker.EndAsync();

        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.StartsWith("error: ", ended.Error, StringComparison.Ordinal);
        Assert.Contains($"port {port} is already in use", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_program_that_cannot_start_ends_the_run_with_its_last_words()
    {
        // An installation as it is published, whose worker was damaged on its way.
        var installation = Project.PathOf("installation");
        CopyTree(Path.GetDirectoryName(Programs.Minimind)!, installation);
        Directory.CreateDirectory(Path.Combine(installation, "worker"));
        File.WriteAllText(Path.Combine(installation, "worker", "minimind-worker.dll"), "damaged");

        await using var run = Programs.StartProgram(
            Path.Combine(installation, "minimind.dll"), Project.Folder, TinyProject.RunArguments("no-worker", "--workers", "2"));
        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.StartsWith("error: no worker is left; ", ended.Error, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(installation, "worker"), ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_that_never_comes_ends_the_run()
    {
        await using var run = Project.StartRun("alone", "--workers", "1", "--set", "worker_timeout=3");
        await run.SeeAsync("worker-0: starting");
        Signals.Send(await Signals.NewChildAsync(run.Id), Signal.Stop);

        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.StartsWith("error: no worker came within 3 s (worker_timeout); ", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_that_is_killed_again_and_again_ends_the_run()
    {
        const int Restarts = 3;
        await using var run = Project.StartRun("hunted", "--workers", "1");
        for (var killed = 0; killed <= Restarts; killed++)
        {
            await run.SeeAsync(killed == 0 ? "worker-0: starting" : $"worker-0 ended with exit code 137; starting it again ({killed} of {Restarts})");
            Signals.Send(await Signals.NewChildAsync(run.Id), Signal.Kill);
        }

        var ended = await run.EndAsync();

        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.StartsWith("error: no worker is left; worker-0 ended with exit code 137", ended.Error, StringComparison.Ordinal);
    }

    private static void CopyTree(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}
