using System.Text.Json;

namespace MiniMind.Chaos.Fleets;

/// <summary>A committed step, as it was seen in the ledger.</summary>
/// <param name="Stage">Index of the stage.</param>
/// <param name="Step">From 1.</param>
/// <param name="Seen">Timestamp.</param>
public sealed record SeenStep(int Stage, long Step, long Seen);

/// <summary>A line of the membership record.</summary>
/// <param name="What">generation, gone, trouble, ….</param>
/// <param name="Generation">Number of a formed generation.</param>
/// <param name="Workers">Whom it is about; name/incarnation of a generation's members.</param>
/// <param name="Reason">In plain words.</param>
/// <param name="Seen">Timestamp.</param>
public sealed record SeenEvent(string What, long Generation, IReadOnlyList<string> Workers, string Reason, long Seen)
{
    /// <summary>Names of a generation's members.</summary>
    public IEnumerable<string> Names => Workers.Select(worker => worker.Split('/')[0]);
}

/// <summary>Follows what a run writes into its folder, as the system tells of it.</summary>
public sealed class RunWatch : IDisposable
{
    private const string LedgerFile = "ledger.jsonl";
    private const string MembershipFile = "membership.jsonl";

    private readonly Lock _gate = new();
    private readonly FileSystemWatcher _watcher;
    private readonly LineReader _ledger;
    private readonly LineReader _membership;
    private readonly TimeProvider _time;
    private readonly List<SeenStep> _steps = [];
    private readonly string _artifacts;
    private IReadOnlyList<string> _members = [];
    private long _generation;
    private double _workerSeconds;
    private List<(Func<bool> Met, TaskCompletionSource Done)> _awaited = [];

    /// <param name="folder">The run's; must be there.</param>
    /// <param name="time">For the times of steps.</param>
    public RunWatch(string folder, TimeProvider time)
    {
        (_time, _artifacts) = (time, Path.Combine(folder, "artifacts"));
        (_ledger, _membership) = (new LineReader(Path.Combine(folder, LedgerFile)), new LineReader(Path.Combine(folder, MembershipFile)));
        _watcher = new FileSystemWatcher(folder, "*.jsonl");
        _watcher.Created += (_, _) => Read();
        _watcher.Changed += (_, _) => Read();
        _watcher.EnableRaisingEvents = true;
        Read();
    }

    /// <summary>A generation was formed, or something happened to a worker; called under the lock of this object, so for printing only.</summary>
    public event Action<SeenEvent>? Happened;

    /// <summary>The newest committed step; null before the first.</summary>
    public SeenStep? Newest
    {
        get
        {
            lock (_gate) return _steps.LastOrDefault();
        }
    }

    /// <summary>All committed steps, in order.</summary>
    public IReadOnlyList<SeenStep> Steps
    {
        get
        {
            lock (_gate) return [.. _steps];
        }
    }

    /// <summary>Names of the members of the newest generation.</summary>
    public IReadOnlyList<string> Members
    {
        get
        {
            lock (_gate) return _members;
        }
    }

    /// <summary>When the newest generation was formed.</summary>
    public long Formed { get; private set; }

    /// <summary>Seconds since the first generation, each times the members there were in it; a member that is lost counts until the next generation.</summary>
    public double WorkerSeconds
    {
        get
        {
            lock (_gate) return _workerSeconds + _members.Count * _time.GetElapsedTime(Formed).TotalSeconds;
        }
    }

    /// <summary>Number of the newest generation; 0 before the first.</summary>
    public long Generation
    {
        get
        {
            lock (_gate) return _generation;
        }
    }

    /// <summary>Waits until the next file of a checkpoint begins to arrive: while a stage trains, nothing else is handed over.</summary>
    public async Task CheckpointBegunAsync(CancellationToken over)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(_artifacts) { IncludeSubdirectories = true };
        watcher.Created += (_, file) =>
        {
            if (file.Name?.StartsWith("incoming/", StringComparison.Ordinal) == true) begun.TrySetResult();
        };
        watcher.EnableRaisingEvents = true;
        await begun.Task.WaitAsync(over);
    }

    /// <summary>Waits until something holds of what was read; it is asked again after every new line.</summary>
    public Task UntilAsync(Func<RunWatch, bool> met, CancellationToken over)
    {
        lock (_gate)
        {
            if (met(this)) return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((() => met(this), done));
            return done.Task.WaitAsync(over);
        }
    }

    /// <summary>Stops following.</summary>
    public void Dispose() => _watcher.Dispose();

    private void Read()
    {
        lock (_gate)
        {
            foreach (var line in _ledger.ReadNew())
            {
                using var json = JsonDocument.Parse(line);
                var step = long.Parse(json.RootElement.GetProperty("step").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
                _steps.Add(new SeenStep(json.RootElement.GetProperty("stage_index").GetInt32(), step, _time.GetTimestamp()));
            }
            foreach (var line in _membership.ReadNew()) See(line);
            var met = _awaited.Where(wait => wait.Met()).ToList();
            if (met.Count == 0) return;
            _awaited = [.. _awaited.Except(met)];
            foreach (var wait in met) wait.Done.SetResult();
        }
    }

    private void See(string line)
    {
        using var json = JsonDocument.Parse(line);
        var read = json.RootElement;
        var seen = new SeenEvent(
            read.GetProperty("what").GetString()!, read.GetProperty("generation").GetInt64(),
            [.. read.GetProperty("workers").EnumerateArray().Select(worker => worker.GetString()!)], read.GetProperty("reason").GetString()!, _time.GetTimestamp());
        if (seen.Generation > 0)
        {
            _workerSeconds += _members.Count * _time.GetElapsedTime(Formed, seen.Seen).TotalSeconds;
            (_members, _generation, Formed) = ([.. seen.Names], seen.Generation, seen.Seen);
        }
        Happened?.Invoke(seen);
    }

    /// <summary>Reads a growing file line by line; a line that is not finished is read when it is.</summary>
    private sealed class LineReader(string path)
    {
        private long _offset;

        public string[] ReadNew()
        {
            if (!File.Exists(path)) return [];
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(_offset, SeekOrigin.Begin);
            using var memory = new MemoryStream();
            file.CopyTo(memory);
            var text = memory.ToArray();
            var end = Array.LastIndexOf(text, (byte)'\n') + 1;
            _offset += end;
            return System.Text.Encoding.UTF8.GetString(text, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }
}
