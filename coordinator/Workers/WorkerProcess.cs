using System.Diagnostics;

namespace MiniMind.Coordinator.Workers;

/// <summary>One worker process whose output goes to a log file.</summary>
public sealed class WorkerProcess : IWorkerProcess, IDisposable
{
    private const int KeptLines = 20;

    private readonly Process _process;
    private readonly StreamWriter _log;
    // Apart, because two pipes arrive in no order: what was written to the error output must not be pushed out by what was said before it.
    private readonly Queue<string> _last = new();
    private readonly Queue<string> _errors = new();
    private bool _logBroken;

    private WorkerProcess(string name, ProcessStartInfo start, string logPath)
    {
        Name = name;
        LogPath = logPath;
        _log = new StreamWriter(new FileStream(logPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data, _last);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data, _errors);
    }

    public string Name { get; }

    public string LogPath { get; }

    public int ProcessId { get; private set; }

    /// <summary>Completes when the process has ended and all of its output is in the log; never fails.</summary>
    public Task<WorkerExit> Exit { get; private set; } = null!;

    internal static WorkerProcess Start(string name, ProcessStartInfo start, string logPath)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var worker = new WorkerProcess(name, start, logPath);
        try
        {
            worker._process.Start();
        }
        catch
        {
            worker.Dispose();
            throw;
        }

        worker.ProcessId = worker._process.Id;
        worker._process.StandardInput.Close();
        worker._process.BeginOutputReadLine();
        worker._process.BeginErrorReadLine();
        worker.Exit = worker.WaitAsync();
        return worker;
    }

    /// <summary>Ends the process and those that it started, without asking (SIGKILL). Nothing happens when it has ended already.</summary>
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

    /// <summary>Frees handles; happens by itself when the process has ended.</summary>
    public void Dispose()
    {
        _logBroken = true;
        _process.Dispose();
        try
        {
            _log.Dispose();
        }
        catch (IOException)
        {
            // The lines that a full disk refused; they have been reported as the end of the log.
        }
    }

    private async Task<WorkerExit> WaitAsync()
    {
        await _process.WaitForExitAsync();
        int code = _process.ExitCode;
        lock (_last)
        {
            Dispose();
            return new WorkerExit(Name, code, [.. _last.Skip(_last.Count + _errors.Count - KeptLines), .. _errors], LogPath);
        }
    }

    private void Keep(string? line, Queue<string> kept)
    {
        if (line is null) return;
        lock (_last)
        {
            kept.Enqueue(line);
            if (kept.Count > KeptLines) kept.Dequeue();
            if (_logBroken) return;
            try
            {
                _log.WriteLine(line);
            }
            catch (IOException fault)
            {
                // A full disk must not end the run from here: whatever needs the disk will say so itself.
                _logBroken = true;
                kept.Enqueue($"(log ends here: {fault.Message})");
            }
        }
    }
}
