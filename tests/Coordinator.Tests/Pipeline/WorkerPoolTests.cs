using System.Diagnostics;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Coordinator.Workers;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Pipeline;

/// <summary>Real processes: a shell stands in for the worker program.</summary>
public sealed class WorkerPoolTests : IAsyncDisposable
{
    // It stands still and keeps its arguments; a shell that makes way for another program has none for a moment.
    private const string Idle = "kill -STOP $$";

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _told = new() { NewLine = "\n" };
    private readonly RunEventQueue _events = new();
    private readonly PlainScreen _screen;

    public WorkerPoolTests() => _screen = new PlainScreen(TextWriter.Synchronized(_told), new ManualTime(), 1);

    public async ValueTask DisposeAsync()
    {
        await _screen.DisposeAsync();
        _folder.Dispose();
    }

    private RunFolder Folder => new(_folder["out"]);

    private string RunFilePath => _folder.Write("run.yaml", $"""
        model: tiny
        stages:
          - stage: tokenizer
            data: {_folder.Write("a.txt", "a")}
          - stage: pretrain
            data: {_folder["a.txt"]}
        """);

    private WorkerPool Pool(string script)
    {
        var run = RunFile.Load(RunFilePath, []);
        return new WorkerPool(run, Folder, "http://localhost:1", _screen, _events, new WorkerProgram("/bin/sh", ["-c", script]));
    }

    /// <summary>On a full disk, say: no reason to start a second process of the same name.</summary>
    [Fact]
    public async Task A_worker_that_cannot_be_noted_runs_all_the_same()
    {
        _folder.Write("out/.workers.json/in-the-way", "");
        await using var pool = Pool("exec sleep 600");

        Assert.Empty(pool.Start(1));

        Assert.Contains("worker-0 is started, but could not be noted", _told.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, pool.Present);
    }

    [Fact]
    public async Task Workers_that_die_at_once_are_started_again_a_few_times_and_each_is_noted()
    {
        await using var pool = Pool("exit 3");

        pool.Start(2);
        var failed = (await _events.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1))).Failed;

        Assert.Contains("no worker is left", failed.Message, StringComparison.Ordinal);
        Assert.Equal(0, pool.Present);
        foreach (var name in (string[])["worker-0", "worker-1"])
            Assert.Contains($"{name} ended with exit code 3 for the 4th time and is given up", _told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workers_of_the_folder_are_adopted_and_not_started_twice()
    {
        await using var first = Pool(Idle);
        first.Start(1);
        var id = new WorkerRoster(Folder.Workers, name => Path.Combine(Folder.Logs, name + ".log")).FindAlive()["worker-0"].Id;
        await using var next = Pool("exit 3");

        Assert.Equal(["worker-0"], next.Start(1));

        using var process = Process.GetProcessById(id);
        Assert.False(process.HasExited);
    }

    /// <summary>Who deletes the folder would pull it away from under them.</summary>
    [Fact]
    public async Task A_folder_whose_workers_live_is_not_said_to_be_one_to_delete()
    {
        Directory.CreateDirectory(Folder.State);
        var options = new RunOptions { File = RunFilePath, Overrides = [$"out='{Folder.Root}'"], Plain = true };
        async Task<string> RefusalAsync() => (await Assert.ThrowsAsync<InputException>(() => new RunPipeline(options, TimeProvider.System).RunAsync(default))).Message;
        Assert.Contains("or delete it", await RefusalAsync(), StringComparison.Ordinal);
        await using var pool = Pool(Idle);
        pool.Start(1);

        var refusal = await RefusalAsync();

        Assert.Contains("its workers live and may train on without a coordinator (worker-0): --resume adopts them", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("or delete it", refusal, StringComparison.Ordinal);
    }
}
