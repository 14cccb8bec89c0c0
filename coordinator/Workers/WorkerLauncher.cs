using System.Collections.Concurrent;

namespace MiniMind.Coordinator.Workers;

/// <summary>
/// Starts worker processes on this machine and ends them with the run. Each writes its output to <c>LOGS/NAME.log</c>.
/// Workers share this process's terminal group, so Ctrl-C reaches them as well: they ignore it by design and stop when the run's stop flag says so.
/// </summary>
public sealed class WorkerLauncher : IAsyncDisposable
{
    private readonly WorkerProgram _program;
    private readonly WorkerEnvironment _environment;
    private readonly string _logFolder;
    private readonly ConcurrentDictionary<string, IWorkerProcess> _running = new();
    private volatile bool _closing;

    /// <param name="program">What to start.</param>
    /// <param name="environment">Variables of every worker.</param>
    /// <param name="logFolder">Where the logs go, usually OUT/logs.</param>
    public WorkerLauncher(WorkerProgram program, WorkerEnvironment environment, string logFolder)
    {
        (_program, _environment, _logFolder) = (program, environment, logFolder);
        // A second Ctrl-C ends this process at once; its workers must not go on until they feel orphaned.
        AppDomain.CurrentDomain.ProcessExit += KillAll;
    }

    /// <summary>A worker's process has ended by itself; not raised by <see cref="DisposeAsync"/>. Handlers run on a pool thread.</summary>
    public event EventHandler<WorkerExit>? Exited;

    /// <summary>Names of the workers whose processes live.</summary>
    public IReadOnlyCollection<string> Running => [.. _running.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Starts one worker under a name that no living one has; its log is continued when there is one.</summary>
    /// <exception cref="InvalidOperationException">A worker of this name runs.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    public WorkerProcess Start(string name, IEnumerable<string> arguments)
    {
        ObjectDisposedException.ThrowIf(_closing, this);
        if (_running.ContainsKey(name)) throw new InvalidOperationException($"worker {name} runs already");
        Directory.CreateDirectory(_logFolder);
        var worker = WorkerProcess.Start(name, _program.StartInfo(arguments, _environment), LogOf(name));
        _running[name] = worker;
        _ = WatchAsync(worker);
        return worker;
    }

    /// <summary>Takes over a worker that an earlier process has started, under a name that no living one has.</summary>
    public void Adopt(string name, System.Diagnostics.Process process)
    {
        ObjectDisposedException.ThrowIf(_closing, this);
        var worker = new AdoptedWorker(name, process, LogOf(name));
        _running[name] = worker;
        _ = WatchAsync(worker);
    }

    /// <summary>Where a worker's log lies.</summary>
    public string LogOf(string name) => LogOf(_logFolder, name);

    /// <summary>The same, in a folder of logs.</summary>
    public static string LogOf(string logFolder, string name) => Path.Combine(logFolder, name + ".log");

    /// <summary>Ends one worker, without asking; nothing happens when there is none of this name. Its end is told as any other.</summary>
    public void Kill(string name)
    {
        if (_running.TryGetValue(name, out var worker)) worker.Kill();
    }

    /// <summary>Waits until no worker runs any more, or for so long.</summary>
    public async Task WaitForExitAsync(TimeSpan patience, TimeProvider time)
    {
        try
        {
            await Task.WhenAll(_running.Values.Select(worker => worker.Exit)).WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            // Whoever disposes this ends the rest.
        }
    }

    /// <summary>Asks all workers to finish their step and go.</summary>
    public void AskToLeave()
    {
        foreach (var worker in _running.Values) worker.Leave();
    }

    /// <summary>Ends all workers and the processes that they started, and waits until they are gone.</summary>
    public async ValueTask DisposeAsync()
    {
        _closing = true;
        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        var workers = _running.Values.ToList();
        foreach (var worker in workers) worker.Kill();
        foreach (var worker in workers) await worker.Exit;
    }

    private void KillAll(object? sender, EventArgs arguments)
    {
        _closing = true;
        foreach (var worker in _running.Values) worker.Kill();
    }

    private async Task WatchAsync(IWorkerProcess worker)
    {
        var exit = await worker.Exit;
        _running.TryRemove(KeyValuePair.Create(worker.Name, worker));
        if (!_closing) Exited?.Invoke(this, exit);
    }
}
