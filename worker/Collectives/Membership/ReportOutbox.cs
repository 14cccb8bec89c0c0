using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Reports on their way to whichever coordinator can be reached. Ledger entries are kept until they are acknowledged as durable, a few for longer, and
/// the last report of every other kind that matters, so that a coordinator met anew hears all that its predecessor may have taken along.
/// </summary>
public sealed class ReportOutbox : IReportSink
{
    // A coordinator may die after it has stored an entry and before it has told anybody what the step came to.
    private const int Remembered = 64;

    private readonly Lock _gate = new();
    private readonly WaitingRoom _waiting = new();
    private readonly Queue<WorkerReport> _queue = new();
    private readonly SortedDictionary<(int Stage, long Step), WorkerReport> _entries = [];
    private readonly SortedDictionary<(int Stage, long Step), WorkerReport> _acknowledged = [];
    private readonly Dictionary<WorkerReport.ReportOneofCase, WorkerReport> _last = [];

    public IReadOnlyList<LedgerEntry> Unacknowledged
    {
        get
        {
            lock (_gate) return [.. _entries.Values.Select(report => report.Applied.Entry)];
        }
    }

    /// <summary>These and the last that were acknowledged, oldest first, with what this process reported of them.</summary>
    public IReadOnlyList<Applied> Kept
    {
        get
        {
            lock (_gate) return [.. _acknowledged.Values.Concat(_entries.Values).Select(report => report.Applied)];
        }
    }

    public void Report(WorkerReport report)
    {
        IReadOnlyList<Waiter> waiting;
        lock (_gate)
        {
            if (report.Applied is { } applied) _entries[(applied.Entry.StageIndex, applied.Entry.Step)] = report;
            else if (report.Heartbeat is null) _last[report.ReportCase] = report;
            _queue.Enqueue(report);
            waiting = _waiting.Leave();
        }
        foreach (var waiter in waiting) waiter.Wake();
    }

    /// <summary>Entries up to this step are on the coordinator's disk.</summary>
    public void Durable(int stage, long step)
    {
        lock (_gate)
        {
            while (_entries.Count > 0 && _entries.Keys.First().CompareTo((stage, step)) <= 0)
            {
                var (key, report) = _entries.First();
                _entries.Remove(key);
                _acknowledged[key] = report;
                if (_acknowledged.Count > Remembered) _acknowledged.Remove(_acknowledged.Keys.First());
            }
        }
    }

    /// <summary>A newer generation answers every trouble before it.</summary>
    public void Settle(long generation)
    {
        lock (_gate)
            if (_last.TryGetValue(WorkerReport.ReportOneofCase.Trouble, out var report) && report.Trouble.Generation < generation)
                _last.Remove(WorkerReport.ReportOneofCase.Trouble);
    }

    /// <summary>A stream to a coordinator has been opened: everything that was kept goes out again, entries in order first.</summary>
    public void Rewind()
    {
        IReadOnlyList<Waiter> waiting;
        lock (_gate)
        {
            _queue.Clear();
            foreach (var report in _acknowledged.Values.Concat(_entries.Values).Concat(_last.Values)) _queue.Enqueue(report);
            waiting = _waiting.Leave();
        }
        foreach (var waiter in waiting) waiter.Wake();
    }

    /// <summary>Takes the next report, waiting for one.</summary>
    public async Task<WorkerReport> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Waiter waiter;
            lock (_gate)
            {
                if (_queue.TryDequeue(out var report)) return report;
                waiter = _waiting.Enter();
            }
            await waiter.WaitAsync(cancellation);
        }
    }
}
