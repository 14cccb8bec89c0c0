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

    /// <summary>Enters a generation: its announcement says which checkpoint is complete. Writing ends early only when the member is dismissed.</summary>
    public void Enter(GenerationPlan plan, CancellationToken dismissed)
    {
        (_plan, _dismissed) = (plan, dismissed);
        // What this member has begun to write is not written again: its report is kept until a coordinator has it.
        _newest = Math.Max(_newest, plan.CheckpointStep);
    }

    /// <summary>Begins a checkpoint when one has become due, here or while another rank should have written it.</summary>
    public Task BeginIfDueAsync(Position position, CancellationToken cancellation) =>
        options.NewestCheckpointDue(position.Step) > _newest ? BeginAsync(position, cancellation) : Task.CompletedTask;

    /// <summary>
    /// Snapshots the state and starts writing, when this member is the lowest rank and the step has no checkpoint yet. Waits for the one before it
    /// unless <paramref name="cancellation"/> ends the wait.
    /// </summary>
    public async Task BeginAsync(Position position, CancellationToken cancellation)
    {
        if (_plan is not { Rank: 0 } plan || position.Step <= _newest) return;
        await FinishAsync(cancellation);
        // Whoever waits for the same token may be told of it later than the writer was.
        _dismissed.ThrowIfCancellationRequested();
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
