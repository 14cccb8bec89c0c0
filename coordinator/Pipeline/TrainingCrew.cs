using Google.Protobuf;
using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Services;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>The workers of a run on this machine, from its first training stage to its last.</summary>
/// <param name="post">This process among several coordinators; null: it is the only one.</param>
internal sealed class TrainingCrew(
    RunFile run, RunFolder folder, CoordinatorHost host, RunClient grain, Post? post, IRunScreen screen, StopNotice notice, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(10);

    private readonly RunEventQueue _events = new();
    private IReadOnlyCollection<string> _adopted = [];
    private WorkerPool? _workers;
    private IRunWatcher? _watcher;
    private StageRunner? _runner;

    /// <summary>Whoever left during an earlier stage is not waited for; somebody has to come.</summary>
    private int Expected => Math.Max(1, _workers!.Present);

    /// <summary>Sees to the workers, if that has not been done yet.</summary>
    public void StartWorkers()
    {
        if (_workers is not null) return;
        _workers = new WorkerPool(run, folder, host.Address, screen, _events, listen: host.Endpoint.Address);
        if (run.Workers == 0) screen.Message($"waiting for workers from elsewhere: they attend run {run.Name} at {host.Address}");
        else _adopted = _workers.Start(run.Workers);
    }

    /// <summary>Trains one stage; the first one starts the workers.</summary>
    public async Task<(StageEnd End, StageSummary Summary)> RunAsync(
        StageSpec spec, Func<long, (double? FirstLoss, long Tokens)> past, CancellationToken stop)
    {
        notice.Doing(StopNotice.Training);
        IReadOnlyCollection<string>? survivors = [];
        if (_runner is null)
        {
            _watcher = host.Grains.CreateObjectReference<IRunWatcher>(_events);
            await grain.WatchAsync(_watcher);
            StartWorkers();
            survivors = _adopted;
            _runner = new StageRunner(grain, _events, screen, _workers!.Progressed, TimeSpan.FromSeconds(run.WorkerTimeout), time);
        }
        // Who outlived another coordinator, or comes from elsewhere, is not known here.
        if (post is not null || run.Workers == 0) survivors = null;
        post?.Lead(() => KeepLeadingAsync(post.Grain, spec, stop));
        try
        {
            var training = _runner.RunAsync(spec, past, Expected, survivors, stop);
            if (post is not null) await await Task.WhenAny(training, post.Failed);
            return await training;
        }
        finally
        {
            post?.Lead(null);
        }
    }

    /// <summary>Nothing more is trained: the workers end by themselves, within a bounded time.</summary>
    public async Task DismissAsync(string reason)
    {
        _workers!.Close();
        await grain.DismissAsync(reason);
        await WaitForExitAsync();
    }

    /// <summary>The workers of this process finish their step, hand over and end; the run goes on without them.</summary>
    public async Task LeaveAsync()
    {
        _workers!.Close();
        _workers.AskToLeave();
        await WaitForExitAsync();
    }

    /// <summary>Waits until the workers have ended by themselves, for a bounded time.</summary>
    public Task WaitForExitAsync() => _workers?.WaitForExitAsync(ExitPatience, time) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_workers is not null) await _workers.DisposeAsync();
        // The runtime keeps only a weak reference to a watcher.
        GC.KeepAlive(_events);
    }

    /// <summary>Changes nothing for an activation that leads the stage; a new one begins where the old one was.</summary>
    private async Task KeepLeadingAsync(IRunGrain activation, StageSpec spec, CancellationToken stop)
    {
        await activation.WatchAsync(_watcher!);
        await activation.BeginStageAsync(spec.ToByteArray(), Expected, null);
        if (stop.IsCancellationRequested) await activation.StopAsync(StageRunner.Asked);
    }
}
