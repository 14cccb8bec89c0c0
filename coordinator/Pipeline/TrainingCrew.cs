using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Services;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>The workers of a run on this machine, from its first training stage to its last.</summary>
internal sealed class TrainingCrew(
    RunFile run, RunFolder folder, CoordinatorHost host, IRunGrain grain, IRunScreen screen, StopNotice notice, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(10);

    private readonly RunEventQueue _events = new();
    private WorkerPool? _workers;
    private StageRunner? _runner;

    /// <summary>Trains one stage; the first one starts the workers.</summary>
    public async Task<(StageEnd End, StageSummary Summary)> RunAsync(
        StageSpec spec, Func<long, (double? FirstLoss, long Tokens)> past, CancellationToken stop)
    {
        notice.Doing(StopNotice.Training);
        // Of workers that come from elsewhere nobody knows which are still there.
        IReadOnlyCollection<string>? survivors = run.Workers == 0 ? null : [];
        if (_runner is null)
        {
            await grain.WatchAsync(host.Grains.CreateObjectReference<IRunWatcher>(_events));
            _workers = new WorkerPool(run, folder, host.Address, screen, _events);
            if (run.Workers == 0) screen.Message($"waiting for workers from elsewhere: they attend run {run.Name} at {host.Address}");
            else survivors = _workers.Start(run.Workers);
            _runner = new StageRunner(grain, _events, screen, _workers.Progressed, TimeSpan.FromSeconds(run.WorkerTimeout), time);
        }
        // Whoever left during an earlier stage is not waited for.
        return await _runner.RunAsync(spec, past, Math.Max(1, _workers!.Present), survivors, stop);
    }

    /// <summary>Nothing more is trained: the workers end by themselves, within a bounded time.</summary>
    public async Task DismissAsync(string reason)
    {
        _workers!.Close();
        await grain.DismissAsync(reason);
        await _workers.WaitForExitAsync(ExitPatience, time);
    }

    public async ValueTask DisposeAsync()
    {
        if (_workers is not null) await _workers.DisposeAsync();
        // The runtime keeps only a weak reference to a watcher.
        GC.KeepAlive(_events);
    }
}
