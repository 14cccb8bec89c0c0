using System.Net;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Workers;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>The worker processes of this machine. One that dies is started again, a few times; when none is left the run has failed.</summary>
internal sealed class WorkerPool : IAsyncDisposable
{
    private const int MostRestarts = 3;

    private readonly WorkerLauncher _launcher;
    private readonly Func<string, string[]> _arguments;
    private readonly IRunScreen _screen;
    private readonly RunEventQueue _events;
    private readonly WorkerRoster _roster;
    private readonly AdoptedWorkers _adopted;
    private readonly string? _seat;
    private readonly Dictionary<string, int> _restarts = [];
    private readonly Lock _gate = new();
    private int _present;
    private bool _closing;

    /// <param name="run">Threads and patience.</param>
    /// <param name="folder">Where logs, the workers' cache and the roster lie.</param>
    /// <param name="address">Of this coordinator.</param>
    /// <param name="screen">Told what becomes of workers.</param>
    /// <param name="events">Heard of signs of life; told when no worker is left.</param>
    /// <param name="program">What is started; null: the worker program.</param>
    /// <param name="listen">Where workers accept their peers; null: on loopback.</param>
    public WorkerPool(
        RunFile run, RunFolder folder, string address, IRunScreen screen, RunEventQueue events, WorkerProgram? program = null, IPAddress? listen = null)
    {
        (_screen, _events, _seat) = (screen, events, folder.Seat);
        _roster = new WorkerRoster(folder.Workers, folder.LogOf);
        _adopted = new AdoptedWorkers(TimeSpan.FromSeconds(run.WorkerTimeout), GiveUp, TimeProvider.System);
        events.Happened += (_, happened) => _adopted.Hear(happened);
        _arguments = name =>
        [
            "train", "--coordinator", address, "--run", run.Name, "--name", name, "--cache", folder.WorkerCache, "--log", _launcher!.LogOf(name),
            "--listen", $"{listen ?? IPAddress.Loopback}",
        ];
        _launcher = new WorkerLauncher(program ?? WorkerProgram.Locate(), new WorkerEnvironment { Threads = run.Threads }, folder.Logs);
        _launcher.Exited += (_, exit) => OnExit(exit);
    }

    /// <summary>Workers that may still come: all but those that have left, or died too often.</summary>
    public int Present
    {
        get
        {
            lock (_gate) return _present;
        }
    }

    /// <summary>Sees to workers named worker-0, worker-1, … (after the seat, where several coordinators have theirs): those that outlived an earlier coordinator are adopted, the others started.</summary>
    /// <returns>Names of the adopted ones.</returns>
    public IReadOnlyCollection<string> Start(int count)
    {
        // A worker that dies at once waits until all have been seen to.
        lock (_gate) return StartAll(count).Keys;
    }

    private Dictionary<string, System.Diagnostics.Process> StartAll(int count)
    {
        _present = count;
        var names = Enumerable.Range(0, count).Select(index => _seat is null ? $"worker-{index}" : $"{_seat}-worker-{index}").ToList();
        var alive = _roster.FindAlive();
        foreach (var (name, process) in alive.Where(worker => !names.Contains(worker.Key)))
        {
            // More than are wanted now.
            process.Kill(entireProcessTree: true);
            process.Dispose();
            alive.Remove(name);
        }
        foreach (var name in names)
        {
            if (alive.TryGetValue(name, out var process)) _launcher.Adopt(name, process);
            else Start(name);
        }
        // Of those who come to another coordinator nothing is heard here.
        if (_seat is null) _adopted.Await(alive.Keys);
        return alive;
    }

    /// <summary>These workers take part in steps that are being committed: their earlier deaths no longer count.</summary>
    public void Progressed(IReadOnlyList<string> members)
    {
        lock (_gate)
            foreach (var member in members) _restarts.Remove(member);
    }

    /// <summary>Waits until all workers have ended by themselves, for a bounded time.</summary>
    public Task WaitForExitAsync(TimeSpan patience, TimeProvider time) => _launcher.WaitForExitAsync(patience, time);

    /// <summary>Asks all workers to finish their step and go.</summary>
    public void AskToLeave() => _launcher.AskToLeave();

    /// <summary>Exits from now on are expected.</summary>
    public void Close()
    {
        lock (_gate) _closing = true;
    }

    public ValueTask DisposeAsync()
    {
        Close();
        _adopted.Dispose();
        return _launcher.DisposeAsync();
    }

    private void Start(string name)
    {
        _screen.WorkerChanged(name, "starting");
        var worker = _launcher.Start(name, _arguments(name));
        try
        {
            _roster.Add(name, worker.ProcessId);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It runs all the same.
            _screen.Message($"{name} is started, but could not be noted: should this process be killed, the next one does not find it ({fault.Message})");
        }
    }

    private void GiveUp(string name)
    {
        _screen.Message($"{name} outlived an earlier coordinator, but has not come to this one; ending it");
        _launcher.Kill(name);
    }

    private void OnExit(WorkerExit exit)
    {
        lock (_gate)
        {
            if (_closing) return;
            _screen.WorkerChanged(exit.Name, "gone");
            if (exit.ExitCode == 0) _screen.Message($"{exit.Name} left");
            else if (Restart(exit)) return;
            _present--;
            // Another one that has just ended may be about to be started again; other coordinators may have others.
            if (_seat is not null || _present > 0) return;
            _events.Add(new RunEvent { Failed = new RunFailed { Message = LastWords(exit) } });
        }
    }

    private bool Restart(WorkerExit exit)
    {
        var restarts = _restarts[exit.Name] = _restarts.GetValueOrDefault(exit.Name) + 1;
        if (restarts > MostRestarts)
        {
            _screen.Message($"{exit.Name} ended{Code(exit)} for the {restarts}th time and is given up; its log: {exit.LogPath}");
            return false;
        }
        _screen.Message($"{exit.Name} ended{Code(exit)}; starting it again ({restarts} of {MostRestarts}); its log: {exit.LogPath}");
        try
        {
            Start(exit.Name);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            _screen.Message($"{exit.Name} cannot be started again: {fault.Message}");
            return false;
        }
    }

    private static string Code(WorkerExit exit) => exit.ExitCode is { } code ? $" with exit code {code}" : "";

    private static string LastWords(WorkerExit exit)
    {
        const string Error = "error: ";
        if (exit.ExitCode == 0) return "all workers have left; the same command with --resume goes on from the newest checkpoint";
        if (exit.LastLines.LastOrDefault(line => line.StartsWith(Error, StringComparison.Ordinal)) is { } error)
            return $"no worker is left; {exit.Name}: {error[Error.Length..]} (its log: {exit.LogPath})";
        var log = string.Join('\n', exit.LastLines.Select(line => "  " + line));
        return $"no worker is left; {exit.Name} ended{Code(exit)}, its last words ({exit.LogPath}):\n{log}";
    }
}
