using System.Diagnostics;
using System.Text;

namespace MiniMind.TestKit;

/// <summary>A process whose lines can be waited for. Disposing it kills it together with all that it started.</summary>
public sealed class RunningProgram : IAsyncDisposable
{
    // Far beyond what anything here takes; a test that waits so long has failed.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly List<(string Fragment, TaskCompletionSource Seen)> _awaited = [];
    private readonly Lock _gate = new();
    private readonly Action<string>? _wrote;

    private RunningProgram(ProcessStartInfo start, Action<string>? wrote)
    {
        _wrote = wrote;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_error, line.Data);
    }

    /// <summary>Id of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a command, a program and its arguments, in a folder.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="command">Its words.</param>
    /// <param name="wrote">Told each line of its output, on a pool thread.</param>
    public static RunningProgram Start(string folder, IReadOnlyList<string> command, Action<string>? wrote = null)
    {
        var start = new ProcessStartInfo(command[0])
        {
            WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        // Tests neither use nor fill the cache of whoever runs them.
        start.Environment["MINIMIND_CACHE"] = Path.Combine(Path.GetFullPath(folder), "dataset-cache");
        foreach (var argument in command.Skip(1)) start.ArgumentList.Add(argument);
        var program = new RunningProgram(start, wrote);
        program._process.Start();
        program._process.StandardInput.Close();
        program._process.BeginOutputReadLine();
        program._process.BeginErrorReadLine();
        return program;
    }

    /// <summary>Waits until the program has written a fragment; fails when it ends before.</summary>
    public async Task SeeAsync(string fragment)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_output.ToString().Contains(fragment, StringComparison.Ordinal)) return;
            _awaited.Add((fragment, seen));
        }
        await BeforeEndAsync(seen.Task, $"write '{fragment}'");
    }

    /// <summary>Waits until a file anywhere below a folder gets a name; fails when the program ends before.</summary>
    /// <param name="folder">Must be there; what happened in it before the call does not count.</param>
    /// <param name="name">Without folders.</param>
    public async Task SeeFileAsync(string folder, string name)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(folder, name) { IncludeSubdirectories = true };
        watcher.Created += (_, _) => seen.TrySetResult();
        watcher.Renamed += (_, renamed) =>
        {
            if (Path.GetFileName(renamed.Name) == name) seen.TrySetResult();
        };
        watcher.EnableRaisingEvents = true;
        await BeforeEndAsync(seen.Task, $"make a file {name} in {folder}");
    }

    /// <summary>Waits until the program has ended and all that it wrote has arrived.</summary>
    /// <param name="patience">Longest time to wait; null: three minutes.</param>
    public async Task<Ended> EndAsync(TimeSpan? patience = null)
    {
        await _process.WaitForExitAsync().WaitAsync(patience ?? Patience);
        lock (_gate) return new Ended(_process.ExitCode, _output.ToString(), _error.ToString());
    }

    /// <summary>Sends a signal to this process alone.</summary>
    public void Signal(Signal signal) => Signals.Send(Id, signal);

    /// <summary>Sends SIGKILL to this process and its workers, as a machine that loses power does, and waits until they are gone.</summary>
    public async Task KillAllAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>Sends SIGKILL to this process and those that it started, unless it has ended, and does not wait.</summary>
    public void TryKill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    /// <summary>Kills what still runs of it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAllAsync();
        _process.Dispose();
    }

    private async Task BeforeEndAsync(Task seen, string expected)
    {
        await Task.WhenAny(seen, _process.WaitForExitAsync()).WaitAsync(Patience);
        if (seen.IsCompleted) return;
        lock (_gate) throw new InvalidOperationException($"expected the program to {expected} before its end; it wrote\n{_output}{_error}");
    }

    private void Keep(StringBuilder text, string? line)
    {
        if (line is null) return;
        if (text == _output) _wrote?.Invoke(line);
        lock (_gate)
        {
            text.AppendLine(line);
            foreach (var (fragment, seen) in _awaited)
                if (line.Contains(fragment, StringComparison.Ordinal)) seen.TrySetResult();
        }
    }
}
