using MiniMind.Coordinator.Ledger;
using MiniMind.Protos;
using Case = MiniMind.Protos.WorkerReport.ReportOneofCase;

namespace MiniMind.Coordinator.Generations;

/// <summary>
/// Leads one stage: hears the workers' reports, keeps ledger and checkpoints, forms generations. Calls come one after another; each is awaited
/// before the next.
/// </summary>
public sealed class StageLead
{
    /// <summary>State of a worker that has given a sign of life before the first generation.</summary>
    public const string Alive = "alive";

    private readonly StageSpec _spec;
    private readonly StageController _controller;
    private readonly LedgerBook _ledger;
    private readonly IStageEffects _effects;
    private StageProgress _progress;
    private string? _stopReason;
    private bool _abandoned;
    private readonly HaltReports _halts = new();
    private readonly SortedDictionary<long, CheckpointWritten> _written = [];
    private long _assembling = -1;
    private long _shown;
    private readonly SkippedSteps _skipped = new();
    private bool _ended;

    public StageLead(StageSpec spec, StageController controller, LedgerBook ledger, StageProgress progress, IStageEffects effects)
    {
        (_spec, _controller, _ledger, _progress, _effects) = (spec, controller, ledger, progress, effects);
        // Whoever is adopted goes on where it is; everybody else starts from the checkpoint. What the coordinator before has stored, it may not have told.
        FirstStep = controller.Current is null ? progress.RestoreStep : ledger.NewestStep(spec.StageIndex);
        _shown = progress.RestoreStep;
    }

    /// <summary>The step after which the stage goes on.</summary>
    public long FirstStep { get; }

    /// <summary>The newest generation, or null.</summary>
    public Generation? Generation => _controller.Current;

    /// <summary>A worker opens its stream: it is told the stage and the newest generation.</summary>
    public async Task ConnectAsync(Hello hello)
    {
        if (_controller.Connect(hello) is { } refusal)
        {
            Dismiss(hello.Worker, refusal, refused: true);
            return;
        }
        _effects.Noticed(hello.Worker, "preparing", hello.Device);
        _effects.Send(hello.Worker, new CoordinatorOrder { Stage = new StageOrder { Spec = _spec } });
        if (_controller.Current is { } generation) _effects.Send(hello.Worker, new CoordinatorOrder { Generation = generation });
        if (_stopReason is not null) _effects.Send(hello.Worker, new CoordinatorOrder { Stop = new StopOrder { Reason = _stopReason } });
        await DecideAsync();
    }

    /// <summary>A worker's stream ended.</summary>
    public async Task DisconnectAsync(string worker, string incarnation)
    {
        _controller.Disconnect(worker, incarnation);
        _effects.Noticed(worker, "gone", "its stream ended");
        await DecideAsync();
    }

    /// <summary>A worker reports.</summary>
    public async Task HandleAsync(string worker, string incarnation, WorkerReport report)
    {
        // What an expelled process has still to say counts no more: it would accuse those who are right.
        if (!_controller.Knows(worker, incarnation)) return;
        _controller.Hear(worker, incarnation);
        await (report.ReportCase switch
        {
            Case.Applied or Case.Handover or Case.Validated => HearOfStepsAsync(worker, incarnation, report),
            Case.CheckpointWritten or Case.CheckpointFailed or Case.Halted => HearOfCheckpointsAsync(worker, incarnation, report),
            _ => HearOfWorkerAsync(worker, incarnation, report),
        });
        await DecideAsync();
        await EndWhenDoneAsync();
    }

    /// <summary>Time has passed: somebody may have fallen silent.</summary>
    public async Task TickAsync()
    {
        _controller.Tick();
        _ledger.CatchUp();
        await AssembleNextAsync();
        await DecideAsync();
        await EndWhenDoneAsync();
    }

    /// <summary>Whether this checkpoint's folder is what is being assembled: nothing else that is said of a folder counts.</summary>
    public bool IsAssembling(CheckpointWritten written) => written.StageIndex == _spec.StageIndex && written.Step == _assembling;

    /// <summary>A checkpoint's folder is complete.</summary>
    public async Task AssembledAsync(CheckpointWritten written)
    {
        if (!IsAssembling(written)) return;
        _assembling = -1;
        _written.Remove(written.Step);
        await _effects.RecordCheckpointAsync(written);
        _progress = new StageProgress(written.Step, written.Step, Convert.FromHexString(written.LedgerHash), [.. written.Files]);
        await AssembleNextAsync();
        await DecideAsync();
        await EndWhenDoneAsync();
    }

    /// <summary>Asks all ranks to checkpoint and halt after the step in flight.</summary>
    public async Task StopAsync(string reason)
    {
        if (_stopReason is not null) return;
        _stopReason = reason;
        if (_controller.Current is null) await EndAsync(() => _effects.HaltedAsync(_progress.RestoreStep, _abandoned));
        else _effects.Broadcast(new CoordinatorOrder { Stop = new StopOrder { Reason = reason } });
    }

    private async Task HearOfStepsAsync(string worker, string incarnation, WorkerReport report)
    {
        switch (report.ReportCase)
        {
            case Case.Applied:
                if (report.Applied.Entry.StageIndex == _spec.StageIndex) _controller.Apply(worker, incarnation, report.Applied);
                await AppendAsync(worker, report.Applied);
                await AssembleNextAsync();
                break;
            case Case.Handover when report.Handover.Checkpoint.StageIndex == _spec.StageIndex:
                var kept = report.Handover.Checkpoint;
                if (kept.Step > NewestWritten) _effects.Noticed(worker, "handing over", $"the checkpoint of step {kept.Step}, kept while there was no coordinator; the stage goes on from there");
                foreach (var applied in report.Handover.Applied) await AppendAsync(worker, applied);
                _written[kept.Step] = kept;
                await AssembleNextAsync();
                break;
            case Case.Validated when report.Validated.StageIndex == _spec.StageIndex:
                _effects.Validated(report.Validated);
                break;
        }
    }

    private async Task HearOfCheckpointsAsync(string worker, string incarnation, WorkerReport report)
    {
        switch (report.ReportCase)
        {
            case Case.CheckpointWritten when report.CheckpointWritten.StageIndex == _spec.StageIndex:
                _written[report.CheckpointWritten.Step] = report.CheckpointWritten;
                await AssembleNextAsync();
                break;
            case Case.CheckpointFailed when IsMissing(report.CheckpointFailed):
                _effects.Noticed(worker, "trouble", report.CheckpointFailed.Message);
                if (!_controller.FailCheckpoint(worker, incarnation, report.CheckpointFailed.Step, NewestWritten))
                    await EndAsync(() => _effects.FailedAsync($"{worker}: {report.CheckpointFailed.Message}", userError: false));
                break;
            case Case.Halted when _stopReason is null:
                // Asked by an earlier coordinator, or by ranks that had none.
                if (_controller.LiftHalt(report.Halted.Generation)) _halts.Lift(report.Halted.Generation);
                break;
            case Case.Halted:
                _halts.Hear(report.Halted);
                break;
        }
    }

    private async Task HearOfWorkerAsync(string worker, string incarnation, WorkerReport report)
    {
        switch (report.ReportCase)
        {
            case Case.Prepared when report.Prepared.StageIndex == _spec.StageIndex:
                if (_controller.Prepare(worker, incarnation, report.Prepared.Probe) is { } refusal) Dismiss(worker, refusal, refused: true);
                break;
            case Case.Heartbeat:
                _controller.Beat(worker, incarnation, report.Heartbeat);
                if (_controller.Current is null) _effects.Noticed(worker, Alive, report.Heartbeat.Phase);
                break;
            case Case.Trouble:
                _effects.Noticed(worker, "trouble", report.Trouble.Message);
                foreach (var culprit in _controller.Report(worker, report.Trouble))
                    Dismiss(culprit, $"expelled: {report.Trouble.Message}", refused: true);
                if (_controller.IsUndecided(report.Trouble))
                    await EndAsync(() => _effects.FailedAsync($"{report.Trouble.Message}, and none of them can be called right", userError: false));
                break;
            case Case.Leave:
                _effects.Noticed(worker, "leaving", report.Leave.Reason);
                _controller.Leave(worker, incarnation);
                break;
            case Case.Failure when report.Failure.UserError:
                await EndAsync(() => _effects.FailedAsync($"{worker}: {report.Failure.Message}", userError: true));
                break;
            case Case.Failure:
                // Its own misfortune, which another process, perhaps elsewhere, may not have.
                _controller.Expel(worker);
                Dismiss(worker, $"it failed: {report.Failure.Message}", refused: true);
                break;
        }
    }

    private async Task DecideAsync()
    {
        if (_ended) return;
        var decision = _controller.Decide(_progress.RestoreStep, newerRestore: _assembling >= 0, NewestWritten);
        if (decision.Halt && _stopReason is null)
        {
            _abandoned = true;
            await StopAsync(decision.Reason);
        }
        if (!decision.Form) return;
        var generation = _controller.Form(decision, _progress with { CheckpointStep = NewestWritten });
        generation.RestoreWeights = _ledger.WeightsAt(generation.RestoreLedger) ?? Google.Protobuf.ByteString.Empty;
        await _effects.StoreAsync(generation, _controller.Probe);
        _effects.Formed(generation);
        _effects.Broadcast(new CoordinatorOrder { Generation = generation });
    }

    /// <summary>Step of the newest checkpoint that has been written, though its folder may not be complete yet.</summary>
    private long NewestWritten => Math.Max(_progress.CheckpointStep, _written.Count > 0 ? _written.Keys.Last() : -1);

    /// <summary>Nobody has written that checkpoint, or a later one, since.</summary>
    private bool IsMissing(CheckpointFailed failed) => failed.StageIndex == _spec.StageIndex && failed.Step > NewestWritten;

    private async Task AppendAsync(string worker, Applied applied)
    {
        Append(worker, applied.Entry, applied.Facts);
        if (_skipped.Fault is { } fault) await EndAsync(() => _effects.FailedAsync(fault, userError: false));
    }

    private void Append(string worker, LedgerEntry entry, StepFacts? facts)
    {
        switch (_ledger.Append(entry))
        {
            case AppendOutcome.Appended:
                Show(entry, facts, repeated: false);
                _effects.Broadcast(Durable(entry));
                _skipped.Add(entry);
                break;
            case AppendOutcome.Duplicate:
                Show(entry, facts, repeated: true);
                _effects.Send(worker, Durable(entry));
                break;
            case AppendOutcome.Divergent:
                _controller.Expel(worker);
                Dismiss(worker, $"its entry of step {entry.Step} differs from the ledger's", refused: true);
                break;
            case AppendOutcome.Gap:
                // Whoever holds the entries before it hands them over; this one comes again when its sender reconnects, or from another rank.
                break;
        }
    }

    /// <summary>Every rank reports every step; the first report of each is shown.</summary>
    private void Show(LedgerEntry entry, StepFacts? facts, bool repeated)
    {
        if (entry.StageIndex != _spec.StageIndex || entry.Step <= _shown) return;
        _shown = entry.Step;
        _effects.Committed(entry, facts, repeated);
    }

    /// <summary>
    /// Begins with the oldest checkpoint that waits, unless one is being assembled. One ahead of the ledger waits until the entries before it are durable,
    /// so that the chain has no hole after a restart.
    /// </summary>
    private async Task AssembleNextAsync()
    {
        foreach (var overtaken in _written.Keys.Where(step => step <= _progress.CheckpointStep).ToList()) _written.Remove(overtaken);
        if (_assembling >= 0 || _ended || _written.Count == 0) return;
        var (step, written) = _written.First();
        if (step > _ledger.NewestStep(_spec.StageIndex)) return;
        if (_ledger.HashOf(_spec.StageIndex, step) is { } expected && Convert.ToHexStringLower(expected.Span) != written.LedgerHash)
        {
            await EndAsync(() => _effects.FailedAsync($"the checkpoint of step {step} belongs to another history than the ledger", userError: false));
            return;
        }
        _assembling = step;
        _effects.Assemble(written);
    }

    private async Task EndWhenDoneAsync()
    {
        if (_progress.CheckpointStep >= _spec.TotalSteps && _ledger.NewestStep(_spec.StageIndex) >= _spec.TotalSteps)
            await EndAsync(_effects.StageCompletedAsync);
        else if (_halts.Step >= 0 && _progress.CheckpointStep >= _halts.Step)
            await EndAsync(() => _effects.HaltedAsync(_halts.Step, _abandoned));
    }

    private async Task EndAsync(Func<Task> effect)
    {
        if (_ended) return;
        _ended = true;
        await effect();
    }

    private static CoordinatorOrder Durable(LedgerEntry entry) => new() { Durable = new LedgerDurable { StageIndex = entry.StageIndex, Step = entry.Step } };

    private void Dismiss(string worker, string reason, bool refused)
    {
        _effects.Noticed(worker, "refused", reason);
        _effects.Send(worker, new CoordinatorOrder { Dismissed = new Dismissed { Reason = reason, Refused = refused } });
    }
}
