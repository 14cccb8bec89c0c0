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
    private const string RedisParty = "redis";
    private const int Killed = 128 + (int)Signal.Kill;

    // A step that has not come by then will not come, however busy the machine is: programs that start in two seconds have taken two minutes on it.
    private static readonly TimeSpan StepPatience = TimeSpan.FromMinutes(10);

    // Longer than a worker looks for a coordinator that is gone.
    private static readonly TimeSpan DismissalPatience = TimeSpan.FromSeconds(90);

    private readonly ChaosOptions _options;
    private readonly TimeProvider _time;
    private readonly Report _report;
    private readonly INetwork _network;
    private readonly RedisServer? _redis;
    private readonly Fleet _fleet;
    private readonly RunWatch _watch;
    private readonly Striker _striker;
    private readonly List<Task> _mends = [];
    private readonly CancellationToken _stop;
    private readonly CancellationTokenSource _over;
    private readonly TaskCompletionSource<Ended> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="project">What is trained.</param>
    /// <param name="outFolder">The run's folder, below the project's.</param>
    /// <param name="options">How it is disturbed.</param>
    /// <param name="report">Is told everything.</param>
    /// <param name="time">For all waits.</param>
    /// <param name="stop">Gives it up.</param>
    /// <exception cref="InvalidOperationException">There can be no such network here.</exception>
    public ChaosRun(TinyProject project, string outFolder, ChaosOptions options, Report report, TimeProvider time, CancellationToken stop)
    {
        (_options, _report, _time, _stop) = (options, report, time, stop);
        _over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Directory.CreateDirectory(project.PathOf(outFolder));
        _watch = new RunWatch(project.PathOf(outFolder), time);
        _watch.Happened += report.Tell;
        var roster = new Roster();
        _network = options.NewNetwork(roster, time);
        _redis = options.Redis ? NewRedis() : null;
        _fleet = new Fleet(new FleetOptions(project, outFolder, options.RunOptions, _redis is null ? null : _network.AddressOf(RedisParty)), _network, roster, time);
        _fleet.Ended += OnEnded;
        _striker = new Striker(_fleet, _network, _redis, _watch, options.Workers, time);
    }

    /// <summary>Runs to the end.</summary>
    /// <returns>Null, or what went wrong.</returns>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<string?> RunAsync()
    {
        if (_redis is not null) await _redis.StartAsync();
        foreach (var name in _fleet.Coordinators.Concat(_striker.FirstNames)) _fleet.Start(name);
        foreach (var fault in Schedule.Draw(_options.Seed, _options.Faults, _options.Kinds(_network.Faults), _options.Steps))
            if (await StrikeAsync(fault) is { } trouble) return trouble;
        if (await WaitAsync(_ended.Task, "the end of the run") is { } late) return late;
        _fleet.Close();
        await EndMendsAsync();
        var left = await _fleet.DismissedAsync(DismissalPatience);
        if (left.Count > 0) return $"the run is over, but {string.Join(", ", left)} did not end within {DismissalPatience.TotalSeconds:0} s";
        return _ended.Task.Result.ExitCode == 0 ? null : $"the coordinator failed: {_ended.Task.Result.Error}";
    }

    /// <summary>Ends all processes, and takes the network down.</summary>
    public async ValueTask DisposeAsync()
    {
        _fleet.Close();
        await EndMendsAsync();
        await _fleet.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
        await _network.DisposeAsync();
        _watch.Dispose();
        _over.Dispose();
    }

    private RedisServer NewRedis()
    {
        var place = _network.Settle(RedisParty);
        return new RedisServer(place.Within, place.Host, place.Port);
    }

    private async Task<string?> StrikeAsync(Fault fault)
    {
        var due = _watch.UntilAsync(_ => At >= fault.Step && AreEnough(), _over.Token);
        if (await WaitAsync(due, $"step {fault.Step} with two workers in it") is { } never) return never;
        if (_ended.Task.IsCompleted) return $"the run ended before fault {fault.Number}: {_ended.Task.Result}";
        var striking = _striker.StrikeAsync(fault, _over.Token);
        if (await WaitAsync(striking, $"the moment of fault {fault.Number}, {fault.Kind}") is { } missed) return missed;
        if (!striking.IsCompleted) return $"the run ended before the moment of fault {fault.Number}, {fault.Kind}: {_ended.Task.Result}";
        var (struck, step, start) = (await striking, At, _time.GetTimestamp());
        _report.Tell(fault, step, struck);
        // The step in flight may still come: only a later one shows that training goes on.
        var further = step + 1;
        if (struck.MendAsync is { } mend) _mends.Add(MendAsync(fault, step + fault.Steps, mend));
        if (await WaitAsync(_watch.UntilAsync(_ => At > further, _over.Token), $"a step after fault {fault.Number}") is { } stuck) return stuck;
        if (_watch.Steps.FirstOrDefault(seen => seen.Stage == _options.StageIndex && seen.Step == further + 1) is { } next)
            _report.Recovered(fault, next.Step, _time.GetElapsedTime(start, next.Seen));
        return null;
    }

    private async Task MendAsync(Fault fault, long step, Func<Task> mend)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        // A fault that keeps steps from coming would never be over by them alone.
        await Task.WhenAny(_watch.UntilAsync(_ => At >= step, enough.Token), Task.Delay(fault.AtMost, _time, enough.Token));
        await enough.CancelAsync();
        await mend();
        _report.Mended(fault);
    }

    private async Task EndMendsAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_mends);
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
            await Task.WhenAny(awaited, _ended.Task).WaitAsync(StepPatience, _time, _stop);
            return null;
        }
        catch (TimeoutException)
        {
            return $"waited {StepPatience.TotalMinutes:0} minutes for {what}";
        }
    }

    private void OnEnded(string name, Ended ended)
    {
        var coordinates = _fleet.Coordinators.Contains(name);
        // Of several coordinators one that was given up by the others has killed itself.
        if (coordinates && !(_redis is not null && ended.ExitCode == Killed))
        {
            _ended.TrySetResult(ended);
            return;
        }
        // At the end of a run all are dismissed; before it, whoever looks after the machines starts what has failed anew.
        if (ended.ExitCode == 0) return;
        _report.Surprised(name, ended.ExitCode);
        _fleet.Start(name);
    }
}
