using System.Reflection;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Coordinator.Workers;

namespace MiniMind.Coordinator.Tests.Workers;

/// <summary>Real processes: a shell stands in for the worker program.</summary>
[Collection("signals of this process")]
public sealed class WorkerLauncherTests : IAsyncDisposable
{
    private static readonly WorkerProgram Shell = new("/bin/sh", ["-c"]);

    private readonly TemporaryFolder _folder = new();
    private readonly WorkerLauncher _launcher;

    public WorkerLauncherTests() => _launcher = new WorkerLauncher(Shell, new WorkerEnvironment { Threads = 3 }, _folder["logs"]);

    public async ValueTask DisposeAsync()
    {
        await _launcher.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Worker_that_ends_is_reported_with_its_exit_code_and_last_lines()
    {
        var exited = NextExit();
        var worker = _launcher.Start("w0", ["for i in $(seq 1 30); do echo line $i; done; echo oops >&2; exit 3"]);

        var exit = await exited;

        Assert.Equal(("w0", 3, worker.LogPath), (exit.Name, exit.ExitCode, exit.LogPath));
        Assert.Equal(20, exit.LastLines.Count);
        Assert.Contains("oops", exit.LastLines);
        Assert.Equal(31, File.ReadAllLines(_folder["logs/w0.log"]).Length);
        Assert.Empty(_launcher.Running);
    }

    [Fact]
    public async Task Worker_that_is_killed_reports_the_signal()
    {
        var exited = NextExit();
        _launcher.Start("w0", ["kill -9 $$"]);

        Assert.Equal(128 + 9, (await exited).ExitCode);
    }

    [Fact]
    public async Task Worker_finds_its_environment_and_no_terminal_input()
    {
        var worker = _launcher.Start("w0", ["env; cat; echo end"]);
        await worker.Exit;

        string[] log = await File.ReadAllLinesAsync(worker.LogPath);
        string[] expected = ["OMP_NUM_THREADS=3", "MKL_NUM_THREADS=3", "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1", "DOTNET_gcServer=0",
            "MALLOC_MMAP_THRESHOLD_=1073741824", "MALLOC_TRIM_THRESHOLD_=1073741824", "end"];
        Assert.Equal(expected, expected.Intersect(log));
        Assert.DoesNotContain(log, line => line.StartsWith("MKL_CBWR=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Worker_started_again_continues_its_log()
    {
        await StartAndWaitAsync("echo first");
        await StartAndWaitAsync("echo second");

        Assert.Equal(["first", "second"], await File.ReadAllLinesAsync(_folder["logs/w0.log"]));
    }

    [Fact]
    public async Task Two_workers_of_one_name_are_refused()
    {
        _launcher.Start("w0", ["exec sleep 600"]);

        Assert.Throws<InvalidOperationException>(() => _launcher.Start("w0", ["true"]));
        Assert.Equal(["w0"], _launcher.Running);
        await _launcher.DisposeAsync();
    }

    [Fact]
    public async Task Disposing_ends_the_whole_tree_without_reporting_exits()
    {
        int reported = 0;
        _launcher.Exited += (_, _) => reported++;
        // The grandchild holds the log's pipe open: Exit completes only when it is gone too.
        var worker = _launcher.Start("w0", ["sleep 600 & sleep 600"]);

        await _launcher.DisposeAsync();

        Assert.Equal(128 + 9, (await worker.Exit).ExitCode);
        Assert.Equal(0, reported);
        Assert.Throws<ObjectDisposedException>(() => _launcher.Start("w1", ["true"]));
    }

    [Theory]
    [InlineData(null, "glibc.malloc.hugetlb=1")]
    [InlineData("glibc.malloc.check=0", "glibc.malloc.check=0:glibc.malloc.hugetlb=1")]
    public void Huge_pages_are_asked_for_beside_what_the_user_has_set(string? inherited, string expected)
    {
        var variables = new Dictionary<string, string?>();
        if (inherited is not null) variables["GLIBC_TUNABLES"] = inherited;
        new WorkerEnvironment().ApplyTo(variables);

        Assert.Equal(expected, variables["GLIBC_TUNABLES"]);
    }

    [Fact]
    public void Reproducible_MKL_is_only_asked_for_on_request()
    {
        var variables = new Dictionary<string, string?>();
        new WorkerEnvironment { MklReproducibility = "AVX2,STRICT" }.ApplyTo(variables);

        Assert.Equal("AVX2,STRICT", variables["MKL_CBWR"]);
    }

    [Fact]
    public async Task Verb_runs_in_this_terminal_and_its_exit_code_comes_back()
    {
        Assert.Equal(5, await new WorkerProgram("/bin/sh", ["-c", "test \"$0 $1\" = \"chat --model\" && exit 5"]).RunAsync("chat", ["--model"], new WorkerEnvironment()));
    }

    [Fact]
    public void Development_build_records_where_the_worker_lies()
    {
        string relative = typeof(WorkerProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "WorkerPath").Value!;
        // tests/Coordinator.Tests/bin/CONFIGURATION/FRAMEWORK/ -> coordinator/bin/CONFIGURATION/FRAMEWORK/
        string[] folders = AppContext.BaseDirectory.TrimEnd('/').Split('/');
        string coordinator = string.Join('/', [.. folders[..^5], "coordinator", .. folders[^3..]]);

        Assert.True(File.Exists(Path.Combine(coordinator, relative)), $"{relative} below {coordinator}");
    }

    private Task<WorkerExit> NextExit()
    {
        var next = new TaskCompletionSource<WorkerExit>(TaskCreationOptions.RunContinuationsAsynchronously);
        _launcher.Exited += (_, exit) => next.TrySetResult(exit);
        return next.Task;
    }

    private async Task StartAndWaitAsync(string script)
    {
        var exited = NextExit();
        _launcher.Start("w0", [script]);
        await exited;
    }
}
