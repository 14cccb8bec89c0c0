using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Workers;

/// <summary>
/// The worker processes that were started for a run, kept in a file: should this process be killed, the next one finds those that outlived it. The workers of a
/// folder are not those of a copy of it.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="logOf">Where the log of a worker of this name lies: in a worker's arguments it tells whose it is.</param>
public sealed class WorkerRoster(string path, Func<string, string> logOf)
{
    /// <summary>The clock of a process's start is read with this much error; an id is not given anew so soon.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Entry> _entries = [];

    private sealed record Entry(int ProcessId, DateTime Started, string Log);

    /// <summary>The processes of the file that are still there, by name; the caller owns them. None when there is no such file.</summary>
    public Dictionary<string, Process> FindAlive()
    {
        var alive = new Dictionary<string, Process>();
        foreach (var (name, entry) in Read())
        {
            if (entry.Log != logOf(name) || !HasArgument(entry.ProcessId, entry.Log) || Find(entry) is not { } process) continue;
            alive[name] = process;
            _entries[name] = entry;
        }
        return alive;
    }

    /// <summary>Names of the workers of several rosters whose processes are still there, in order.</summary>
    /// <param name="paths">Their files.</param>
    /// <param name="logOf">Where the log of a worker lies.</param>
    public static IReadOnlyList<string> NamesAlive(IEnumerable<string> paths, Func<string, string> logOf)
    {
        var alive = paths.SelectMany(path => new WorkerRoster(path, logOf).FindAlive()).ToList();
        foreach (var (_, process) in alive) process.Dispose();
        return [.. alive.Select(worker => worker.Key).Order(StringComparer.Ordinal)];
    }

    /// <summary>A worker has been started.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Add(string name, int processId)
    {
        DateTime started;
        try
        {
            using var process = Process.GetProcessById(processId);
            started = process.StartTime.ToUniversalTime();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It has ended already, so nobody will look for it.
            return;
        }
        _entries[name] = new Entry(processId, started, logOf(name));
        AtomicFile.WriteAsync(path, stream => JsonSerializer.SerializeAsync(stream, _entries)).GetAwaiter().GetResult();
    }

    private Dictionary<string, Entry> Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, Entry>>(File.ReadAllBytes(path)) ?? [] : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>Whether a process was started with an argument; true where the system does not tell.</summary>
    private static bool HasArgument(int processId, string argument)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/cmdline");
        try
        {
            return !File.Exists(path) || File.ReadAllText(path).Split('\0').Contains(argument);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static Process? Find(Entry entry)
    {
        Process? process = null;
        try
        {
            process = Process.GetProcessById(entry.ProcessId);
            if ((process.StartTime.ToUniversalTime() - entry.Started).Duration() < Tolerance && !process.HasExited) return process;
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // Its id is nobody's, or somebody else's.
        }
        process?.Dispose();
        return null;
    }
}
