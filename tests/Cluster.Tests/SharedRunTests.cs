using MiniMind.TestKit;

namespace MiniMind.Cluster.Tests;

/// <summary>Two coordinators share a run through a Redis. Whatever becomes of them or of it, the run ends with the same bytes.</summary>
[Collection(LongRuns.Name)]
public sealed class SharedRunTests(LongReference reference) : IAsyncLifetime
{
    private const string Leads = "this coordinator leads tiny";
    private const string Joined = "-1-worker-0 joins)";

    private readonly RedisServer _redis = new();

    private TinyProject Project => reference.Project;

    public Task InitializeAsync() => _redis.StartAsync();

    public Task DisposeAsync() => _redis.DisposeAsync().AsTask();

    [Fact]
    public async Task When_the_leading_coordinator_is_killed_the_other_one_leads_on_and_no_worker_notices()
    {
        const string Folder = "leader-killed";
        await using var leader = Start(Folder);
        await leader.SeeAsync(Leads);
        await using var follower = Start(Folder);
        await leader.SeeAsync(Joined);
        var workers = Signals.ChildrenOf(leader.Id).Concat(Signals.ChildrenOf(follower.Id)).ToList();
        Assert.Equal(2, workers.Count);
        leader.Signal(Signal.Kill);
        await leader.EndAsync();

        await follower.SeeAsync("this one leads from now on");
        // Both are in the generation in which they were: they stepped on meanwhile.
        await follower.SeeAsync("(goes on");
        Assert.All(workers, worker => Assert.True(Signals.IsRunning(worker)));
        var ended = await follower.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches(@"generation \d+: \S+-0-worker-0, \S+-1-worker-0 \(goes on", ended.Output);
        Assert.DoesNotContain("(lost ", ended.Output, StringComparison.Ordinal);
        await AssertSameAsync(Folder);
    }

    [Fact]
    public async Task When_the_machine_of_the_leading_coordinator_is_lost_the_workers_of_the_other_one_go_on()
    {
        const string Folder = "machine-lost";
        await using var leader = Start(Folder);
        await leader.SeeAsync(Leads);
        await using var follower = Start(Folder);
        await leader.SeeAsync(Joined);
        await leader.KillAllAsync();

        var ended = await follower.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("this one leads from now on", ended.Output, StringComparison.Ordinal);
        await AssertSameAsync(Folder);
    }

    [Fact]
    public async Task A_coordinator_that_stands_still_is_given_up_and_ends_when_it_wakes()
    {
        const string Folder = "leader-stopped";
        await using var leader = Start(Folder);
        await leader.SeeAsync(Leads);
        await using var follower = Start(Folder);
        await leader.SeeAsync(Joined);
        leader.Signal(Signal.Stop);
        await follower.SeeAsync("this one leads from now on");
        leader.Signal(Signal.Continue);

        var deposed = await leader.EndAsync();
        var ended = await follower.EndAsync();

        Assert.Contains("the other coordinators gave this one up", deposed.Error, StringComparison.Ordinal);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        await AssertSameAsync(Folder);
    }

    [Fact]
    public async Task A_Redis_that_is_killed_and_comes_back_stops_nobody()
    {
        const string Folder = "redis-restarted";
        await using var leader = Start(Folder);
        await leader.SeeAsync("pretrain: step 12/");
        await _redis.KillAsync();
        // Several checkpoints are due while there is no Redis; their records wait, the steps do not.
        await leader.SeeAsync("the Redis does not answer");
        var steps = File.ReadAllLines(Project.PathOf(Folder, "ledger.jsonl")).Length;
        await _redis.StartAsync();

        var ended = await leader.EndAsync();

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.InRange(steps, 1, int.MaxValue);
        await AssertSameAsync(Folder);
    }

    [Fact]
    public async Task A_standby_that_is_interrupted_takes_its_workers_along_and_the_run_goes_on()
    {
        const string Folder = "standby-leaves";
        await using var leader = Start(Folder);
        await leader.SeeAsync(Leads);
        await using var follower = Start(Folder);
        await leader.SeeAsync(Joined);
        follower.Signal(Signal.Interrupt);

        var left = await follower.EndAsync();
        var ended = await leader.EndAsync();

        Assert.True(left.ExitCode == 130, left.ToString());
        Assert.Contains("the run goes on without them", left.Output, StringComparison.Ordinal);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches(@"\S+-1-worker-0 leaves\)", ended.Output);
        await AssertSameAsync(Folder);
    }

    [Fact]
    public async Task A_shared_run_that_was_stopped_is_gone_on_with_by_one_coordinator_without_a_Redis()
    {
        const string Folder = "stopped";
        await using (var leader = Start(Folder))
        {
            await leader.SeeAsync(Leads);
            await using var follower = Start(Folder);
            await leader.SeeAsync(Joined);
            leader.Signal(Signal.Interrupt);
            var halted = await leader.EndAsync();
            var over = await follower.EndAsync();

            Assert.True(halted.ExitCode == 130, halted.ToString());
            Assert.True(over.ExitCode == 0, over.ToString());
            Assert.Contains("the run has halted", over.Output, StringComparison.Ordinal);
        }

        var ended = await Project.RunAsync(Folder, ["--workers", "2", "--resume", .. LongReference.Settings]);

        Assert.True(ended.ExitCode == 0, ended.ToString());
        await AssertSameAsync(Folder);
    }

    [Fact]
    public async Task A_folder_in_which_one_coordinator_works_alone_is_refused()
    {
        const string Folder = "alone";
        await using var alone = Project.StartRun(Folder, "--workers", "1");
        await alone.SeeAsync("pretrain: step 1/");
        await using var second = Start(Folder);

        var refused = await second.EndAsync();

        Assert.True(refused.ExitCode == 2, refused.ToString());
        Assert.Contains("a minimind without --redis works in this folder", refused.Error, StringComparison.Ordinal);
        await alone.KillAllAsync();
    }

    private RunningProgram Start(string folder, params string[] options) => Project.StartRun(folder, ["--workers", "1", "--redis", _redis.Address, .. LongReference.Settings, .. options]);

    private async Task AssertSameAsync(string folder)
    {
        Assert.Empty(reference.Result.DifferencesTo(RunResult.Read(Project.PathOf(folder))));
        var audit = await Programs.RunAsync(Project.Folder, "audit", folder);
        Assert.True(audit.ExitCode == 0, audit.ToString());
    }
}
