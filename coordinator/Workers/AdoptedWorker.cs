using System.Diagnostics;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Workers;

/// <summary>A worker that an earlier process of this program has started, and that outlived it. It writes its log itself by now.</summary>
public sealed class AdoptedWorker : IWorkerProcess
{
    private const int KeptLines = 20;

    private readonly Process _process;
    private readonly string _logPath;

    /// <param name="name">The worker.</param>
    /// <param name="process">Its process, which is nobody's child here; owned from now on.</param>
    /// <param name="logPath">Its log.</param>
    public AdoptedWorker(string name, Process process, string logPath)
    {
        (Name, _process, _logPath) = (name, process, logPath);
        Exit = WaitAsync(process.Id);
    }

    public string Name { get; }

    public Task<WorkerExit> Exit { get; }

    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended between the caller's decision and now.
        }
    }

    public void Leave() => Termination.Ask(_process);

    private async Task<WorkerExit> WaitAsync(int processId)
    {
        await _process.WaitForExitAsync();
        _process.Dispose();
        var lines = LastLines();
        var left = lines.Contains(ExitNote.Of(processId, 0));
        return new WorkerExit(Name, left ? 0 : null, lines, _logPath);
    }

    private IReadOnlyList<string> LastLines()
    {
        try
        {
            return [.. File.ReadLines(_logPath).TakeLast(KeptLines)];
        }
        catch (IOException fault)
        {
            return [fault.Message];
        }
    }
}
