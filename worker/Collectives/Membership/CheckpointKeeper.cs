using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Writes the checkpoints of a member while it is the lowest rank. One is written at a time. A failed one is reported, leaving earlier ones as they
/// are, so that another rank becomes the lowest; it finds the checkpoint overdue and writes one.
/// </summary>
internal sealed class CheckpointKeeper(IReplica replica, IReportSink reports, MemberOptions options)
{
    private GenerationPlan? _plan;
    private long _newest;
    private Task _writing = Task.CompletedTask;
    private CancellationToken _dismissed;
    private bool _wanted;

    /// <summary>Enters a generation: its announcement says which checkpoint is complete. Writing ends early only when the member is dismissed.</summary>
    public void Enter(GenerationPlan plan, CancellationToken dismissed)
    {
        (_plan, _dismissed) = (plan, dismissed);
        // What this member has begun to write is not written again: its report is kept until a coordinator has it.
        _newest = Math.Max(_newest, plan.CheckpointStep);
    }

    /// <summary>Asks for a checkpoint at the next step at which none is being written.</summary>
    public void Request() => _wanted = _plan is { Rank: 0 };

    /// <summary>
    /// Begins a checkpoint when one is wanted, or has become due, here or while another rank should have written it. While the one before it is being
    /// written nobody waits: it is begun later.
    /// </summary>
    public async Task BeginIfDueAsync(Position position)
    {
        if (!_wanted && options.NewestCheckpointDue(position.Step) <= _newest) return;
        if (await TryBeginAsync(position)) _wanted = false;
    }

    /// <summary>
    /// Snapshots the state and starts writing. False: that is not for this member to do, there is one of this step, or one is being written.
    /// </summary>
    public async Task<bool> TryBeginAsync(Position position)
    {
        if (_plan is not { Rank: 0 } plan || position.Step <= _newest || !_writing.IsCompleted) return false;
        _newest = position.Step;
        try
        {
            var background = await replica.BeginCheckpointAsync(position, _dismissed);
            _writing = FinishAsync(plan.Number, position, background);
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
        if (wanted && position.Step > _newest) Request();
        await BeginIfDueAsync(position);
        await FinishAsync(cancellation);
    }

    /// <summary>Waits for the checkpoint being written, if any; it goes on when the wait is cancelled.</summary>
    public Task FinishAsync(CancellationToken cancellation) => _writing.WaitAsync(cancellation);

    private async Task FinishAsync(long generation, Position position, Task<IReadOnlyList<ArtifactRef>> background)
    {
        try
        {
            var written = new CheckpointWritten
            {
                Generation = generation, StageIndex = options.StageIndex, Step = position.Step,
                LedgerHash = Convert.ToHexStringLower(position.LedgerHead),
            };
            written.Files.AddRange(await background);
            reports.Report(new WorkerReport { CheckpointWritten = written });
        }
        catch (OperationCanceledException)
        {
            // The process is ending; the next lowest rank writes it.
        }
        catch (Exception fault)
        {
            ReportFailure(generation, position, fault);
        }
    }

    private void ReportFailure(long generation, Position position, Exception fault) => reports.Report(new WorkerReport
    {
        CheckpointFailed = new CheckpointFailed
        {
            Generation = generation, StageIndex = options.StageIndex, Step = position.Step,
            Message = $"checkpoint of step {position.Step} could not be written: {fault.Message}",
        },
    });
}
