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
    private readonly string? _seat;
    private readonly Dictionary<string, int> _restarts = [];
    private readonly Lock _gate = new();
    private int _present;
    private bool _closing;

    public WorkerPool(RunFile run, RunFolder folder, string address, IRunScreen screen, RunEventQueue events)
    {
        (_screen, _events, _roster, _seat) = (screen, events, new WorkerRoster(folder.Workers), folder.Seat);
        _arguments = name => ["train", "--coordinator", address, "--run", run.Name, "--name", name, "--cache", folder.WorkerCache, "--log", _launcher!.LogOf(name)];
        _launcher = new WorkerLauncher(WorkerProgram.Locate(), new WorkerEnvironment { Threads = run.Threads }, folder.Logs);
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
        return alive.Keys;
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
        return _launcher.DisposeAsync();
    }

    private void Start(string name)
    {
        _screen.WorkerChanged(name, "starting");
        _roster.Add(name, _launcher.Start(name, _arguments(name)).ProcessId);
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
            // Other coordinators may have others.
            if (_seat is not null || _launcher.Running.Any(name => name != exit.Name)) return;
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
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
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
