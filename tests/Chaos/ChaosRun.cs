using MiniMind.Chaos.Faults;
using MiniMind.Chaos.Fleets;
using MiniMind.Chaos.Network;
using MiniMind.TestKit;

namespace MiniMind.Chaos;

/// <summary>
/// One disturbed run: faults strike in their order, each when the ledger has reached its step and those before it have left enough workers.
/// </summary>
public sealed class ChaosRun : IAsyncDisposable
{
    // A step that has not come by then will not come.
    private static readonly TimeSpan StepPatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan DismissalPatience = TimeSpan.FromSeconds(30);

    private readonly ChaosOptions _options;
    private readonly TimeProvider _time;
    private readonly Report _report;
    private readonly Fleet _fleet;
    private readonly RunWatch _watch;
    private readonly Striker _striker;
    private readonly List<Task> _mends = [];
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource<Ended> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="project">What is trained.</param>
    /// <param name="outFolder">The run's folder, below the project's.</param>
    /// <param name="options">How it is disturbed.</param>
    /// <param name="report">Is told everything.</param>
    /// <param name="time">For all waits.</param>
    public ChaosRun(TinyProject project, string outFolder, ChaosOptions options, Report report, TimeProvider time)
    {
        (_options, _report, _time) = (options, report, time);
        Directory.CreateDirectory(project.PathOf(outFolder));
        _watch = new RunWatch(project.PathOf(outFolder), time);
        _watch.Happened += report.Tell;
        _fleet = new Fleet(project, outFolder, [.. options.RunOptions], new Wires(), time);
        _fleet.Ended += OnEnded;
        _striker = new Striker(_fleet, options.Workers);
    }

    /// <summary>Runs to the end.</summary>
    /// <returns>Null, or what went wrong.</returns>
    public async Task<string?> RunAsync()
    {
        _fleet.StartCoordinator();
        foreach (var name in _striker.FirstNames) _fleet.StartWorker(name);
        foreach (var fault in Schedule.Draw(_options.Seed, _options.Faults, _options.Steps))
            if (await StrikeAsync(fault) is { } trouble) return trouble;
        if (await WaitAsync(_ended.Task, "the end of the run") is { } late) return late;
        await _over.CancelAsync();
        await Task.WhenAll(_mends);
        var left = await _fleet.DismissedAsync(DismissalPatience);
        if (left.Count > 0) return $"the run is over, but {string.Join(", ", left)} did not end within {DismissalPatience.TotalSeconds:0} s";
        return _ended.Task.Result.ExitCode == 0 ? null : $"the coordinator failed: {_ended.Task.Result.Error}";
    }

    /// <summary>Ends all processes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_mends);
        await _fleet.DisposeAsync();
        _watch.Dispose();
        _over.Dispose();
    }

    private async Task<string?> StrikeAsync(Fault fault)
    {
        var due = _watch.UntilAsync(_ => At >= fault.Step && AreEnough(), _over.Token);
        if (await WaitAsync(due, $"step {fault.Step} with two workers in it") is { } never) return never;
        if (_ended.Task.IsCompleted) return $"the run ended before fault {fault.Number}: {_ended.Task.Result}";
        var (step, start) = (At, _time.GetTimestamp());
        var struck = _striker.Strike(fault);
        _report.Tell(fault, step, struck);
        // The step in flight may still come: only a later one shows that training goes on.
        var further = At + 1;
        if (struck.Mend is { } mend) _mends.Add(MendAsync(fault, At + fault.Steps, mend));
        if (await WaitAsync(_watch.UntilAsync(_ => At > further, _over.Token), $"a step after fault {fault.Number}") is { } stuck) return stuck;
        if (_watch.Steps.FirstOrDefault(seen => seen.Stage == _options.StageIndex && seen.Step == further + 1) is { } next)
            _report.Recovered(fault, next.Step, _time.GetElapsedTime(start, next.Seen));
        return null;
    }

    private async Task MendAsync(Fault fault, long step, Action mend)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        await Task.WhenAny(_watch.UntilAsync(_ => At >= step, enough.Token), Task.Delay(fault.AtMost, _time, enough.Token));
        await enough.CancelAsync();
        mend();
        _report.Mended(fault);
    }

    /// <summary>Last committed step of the disturbed stage.</summary>
    private long At => _watch.Newest is { } newest && newest.Stage >= _options.StageIndex ? newest.Stage > _options.StageIndex ? long.MaxValue / 2 : newest.Step : 0;

    private bool AreEnough()
    {
        var members = _watch.Members;
        return _fleet.Running.Count(name => members.Contains(name)) >= Math.Min(2, _options.Workers);
    }

    /// <returns>Null, or that it did not come.</returns>
    private async Task<string?> WaitAsync(Task awaited, string what)
    {
        try
        {
            await Task.WhenAny(awaited, _ended.Task).WaitAsync(StepPatience, _time);
            return null;
        }
        catch (TimeoutException)
        {
            return $"waited {StepPatience.TotalMinutes:0} minutes for {what}";
        }
    }

    private void OnEnded(string name, Ended ended)
    {
        if (name == Fleet.Coordinator)
        {
            _ended.TrySetResult(ended);
            return;
        }
        // At the end of a run all are dismissed; before it, whoever looks after the machines starts what has failed anew.
        if (ended.ExitCode == 0) return;
        _report.Surprised(name, ended.ExitCode);
        _fleet.StartWorker(name);
    }
}
