using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Writes the checkpoints of a member while it is the lowest rank, one after another. A failed one is reported, leaving earlier ones as they
/// are, so that another rank becomes the lowest; it finds the checkpoint overdue and writes one.
/// </summary>
internal sealed class CheckpointKeeper(IReplica replica, IReportSink reports, MemberOptions options)
{
    private GenerationPlan? _plan;
    private long _begun;
    private long _failed = -1;
    private long _wantedSince = -1;
    private readonly List<Task> _unfinished = [];
    private CancellationToken _dismissed;

    /// <summary>
    /// What this member has begun to write is not written again, unless it failed, and then in a later generation: its report is kept until a coordinator has
    /// it. What others have written may be lost with them and a coordinator: the next announcement says so then.
    /// </summary>
    private long Newest => Math.Max(_begun, _plan?.CheckpointStep ?? -1);

    /// <summary>Enters a generation: its announcement says which checkpoint has been written. Writing ends early only when the member is dismissed.</summary>
    public void Enter(GenerationPlan plan, CancellationToken dismissed)
    {
        (_plan, _dismissed) = (plan, dismissed);
        // Whoever was to write it instead may be gone: then it is this member's again.
        if (Interlocked.Exchange(ref _failed, -1) == _begun) _begun = 0;
    }

    /// <summary>
    /// Asks for a checkpoint of this step or a later one, when none is being written. All ranks are asked, so that whoever is the lowest one by then
    /// writes it.
    /// </summary>
    public void Request(long step) => _wantedSince = step;

    /// <summary>
    /// Begins a checkpoint when one is wanted, or has become due, here or while another rank should have written it. While the one before it is being
    /// written nobody waits: it is begun later.
    /// </summary>
    public async Task BeginIfDueAsync(Position position)
    {
        var needed = Math.Max(_wantedSince, options.NewestCheckpointDue(position.Step));
        if (needed > Newest) await TryBeginAsync(position, mostUnfinished: 0);
    }

    /// <summary>
    /// Keeps the best weights so far: begins a checkpoint even while another is being written; its snapshot waits its turn in memory. False: that is not
    /// for this member to do, there is one of this step, or a snapshot is waiting already.
    /// </summary>
    public Task<bool> TryKeepBestAsync(Position position) => TryBeginAsync(position, mostUnfinished: 1);

    private async Task<bool> TryBeginAsync(Position position, int mostUnfinished)
    {
        _unfinished.RemoveAll(task => task.IsCompleted);
        if (_plan is not { Rank: 0 } plan || position.Step <= Newest || _unfinished.Count > mostUnfinished) return false;
        _begun = position.Step;
        try
        {
            var write = await replica.SnapshotAsync(position);
            _unfinished.Add(WriteAsync(plan.Number, position, write, after: _unfinished.LastOrDefault(Task.CompletedTask)));
        }
        catch (IOException fault)
        {
            ReportFailure(plan.Number, position, fault);
        }
        return true;
    }

    /// <summary>Nothing will be stepped: writes what was put off, and, when it is wanted, a checkpoint of just this position.</summary>
    public async Task SettleAsync(Position position, bool wanted, CancellationToken cancellation)
    {
        await FinishAsync(cancellation);
        // Whoever waits for the same token may be told of it later than the writer was.
        _dismissed.ThrowIfCancellationRequested();
        if (wanted) Request(position.Step);
        await BeginIfDueAsync(position);
        await FinishAsync(cancellation);
    }

    /// <summary>Waits for the checkpoints being written, if any; they go on when the wait is cancelled.</summary>
    public Task FinishAsync(CancellationToken cancellation) => Task.WhenAll(_unfinished).WaitAsync(cancellation);

    private async Task WriteAsync(long generation, Position position, CheckpointWriter write, Task after)
    {
        await after;
        try
        {
            var written = new CheckpointWritten
            {
                Generation = generation, StageIndex = options.StageIndex, Step = position.Step,
                LedgerHash = Convert.ToHexStringLower(position.LedgerHead),
            };
            written.Files.AddRange(await write(_dismissed));
            reports.Report(new WorkerReport { CheckpointWritten = written });
        }
        catch (OperationCanceledException) when (_dismissed.IsCancellationRequested)
        {
            // The process is ending; the next lowest rank writes it.
        }
        catch (Exception fault)
        {
            ReportFailure(generation, position, fault);
        }
    }

    private void ReportFailure(long generation, Position position, Exception fault)
    {
        Volatile.Write(ref _failed, position.Step);
        reports.Report(new WorkerReport
        {
            CheckpointFailed = new CheckpointFailed
            {
                Generation = generation, StageIndex = options.StageIndex, Step = position.Step,
                Message = $"checkpoint of step {position.Step} could not be written: {fault.Message}",
            },
        });
    }
}
