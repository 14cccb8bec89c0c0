using System.Threading.Channels;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Protos;

namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>The production lead of a stage, called for one thing after another, over a store that outlives it.</summary>
internal sealed class InProcessLead : IStageEffects, ILedgerStore, IAsyncDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    private readonly InProcessRun _run;
    private readonly StageControllerOptions _options;
    private readonly StageProgress _start;
    private readonly List<LedgerEntry> _ledger;
    private readonly Dictionary<string, InProcessWorker> _streams = [];
    private readonly Channel<Func<StageLead, Task>> _calls = Channel.CreateUnbounded<Func<StageLead, Task>>();
    private readonly Task _serving;
    private readonly Dictionary<string, TaskCompletionSource> _awaited = [];
    private Generation? _generation;
    private CheckpointWritten? _checkpoint;
    private StageLead _lead;

    /// <param name="before">Outcome of the stage before.</param>
    public InProcessLead(InProcessRun run, Outcome? before, int workers)
    {
        _run = run;
        _ledger = [.. before?.Ledger ?? []];
        _start = before is null
            ? new StageProgress(-1, 0, LedgerChain.Origin.ToByteArray(), [])
            : new StageProgress(-1, 0, Convert.FromHexString(before.Checkpoint.LedgerHash), [.. before.Checkpoint.Files]);
        // Lanes move whenever they can: that, too, must not change a bit.
        _options = new StageControllerOptions(
            run.Spec.StageIndex, new GenerationOptions(workers, Never, Never) { Rebalancing = new RebalancingOptions(Steps: 1, TimeSpan.Zero, Gain: 1.01) })
        {
            Lanes = run.Spec.Lanes,
        };
        _lead = Lead();
        _serving = Task.Run(ServeAsync);
    }

    public IReadOnlyList<LedgerEntry> Ledger => [.. _ledger];

    public void Come(InProcessWorker worker) => Call(lead =>
    {
        _streams[worker.Name] = worker;
        return lead.ConnectAsync(worker.Introduce());
    });

    /// <summary>Waits for a generation with a worker that has come just now.</summary>
    public Task FormedWithAsync(InProcessWorker worker)
    {
        var formed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Call(lead =>
        {
            if (lead.Generation?.Members.Any(member => member.Incarnation == worker.Incarnation) == true) formed.SetResult();
            else _awaited[worker.Incarnation] = formed;
            return Task.CompletedTask;
        });
        return formed.Task;
    }

    public void Hear(InProcessWorker worker, WorkerReport report) => Call(lead => lead.HandleAsync(worker.Name, worker.Incarnation, report));

    public void Gone(InProcessWorker worker) => Call(lead =>
    {
        if (_streams.GetValueOrDefault(worker.Name) == worker) _streams.Remove(worker.Name);
        return lead.DisconnectAsync(worker.Name, worker.Incarnation);
    });

    /// <summary>The coordinator dies; the next one takes over what is stored, and those workers that live.</summary>
    public void Restart() => Call(async _ =>
    {
        _lead = Lead();
        foreach (var worker in _streams.Values.ToList())
        {
            await _lead.ConnectAsync(worker.Introduce());
            worker.Outbox.Rewind();
        }
    });

    public Task StoreAsync(Generation generation, string? probe)
    {
        _generation = generation.Clone();
        return Task.CompletedTask;
    }

    public void Send(string worker, CoordinatorOrder order) => _streams.GetValueOrDefault(worker)?.Obey(order.Clone());

    public void Broadcast(CoordinatorOrder order)
    {
        foreach (var worker in _streams.Values.ToList()) worker.Obey(order.Clone());
    }

    public void Assemble(CheckpointWritten written) => Call(lead => lead.AssembledAsync(written));

    public Task RecordCheckpointAsync(CheckpointWritten written)
    {
        _checkpoint = written.Clone();
        return Task.CompletedTask;
    }

    public void Committed(LedgerEntry entry, StepFacts? facts, bool repeated) => _run.Trace($"step {entry.Step}{(repeated ? " again" : "")}");

    public void Validated(Validated validated) { }

    public void Formed(Generation generation)
    {
        foreach (var member in generation.Members)
            if (_awaited.Remove(member.Incarnation, out var formed)) formed.SetResult();
        _run.Trace($"generation {generation.Number}: {string.Join(' ', generation.Members.Select(member => $"{member.Incarnation}:{member.Lanes}"))} ({generation.Reason})");
    }

    public void Noticed(string worker, string state, string detail) => _run.Trace($"{worker} {state}: {detail}");

    public Task StageCompletedAsync()
    {
        _run.Complete(_checkpoint!);
        return Task.CompletedTask;
    }

    public Task HaltedAsync(long step, bool abandoned)
    {
        _run.Trace($"halted after step {step}");
        _ = Task.Run(_run.ResumeAsync);
        return Task.CompletedTask;
    }

    public Task FailedAsync(string message, bool userError)
    {
        _run.Fail(message);
        return Task.CompletedTask;
    }

    IReadOnlyList<LedgerEntry> ILedgerStore.Load() => [.. _ledger];

    IReadOnlyList<LedgerEntry> ILedgerStore.ReadNew() => [];

    bool ILedgerStore.TryAppend(LedgerEntry entry)
    {
        _ledger.Add(entry.Clone());
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        _calls.Writer.TryComplete();
        await _serving;
    }

    private StageLead Lead()
    {
        var controller = new StageController(
            _options, _generation?.Clone(), _generation?.Number ?? 0, TimeProvider.System, alive: _streams.ContainsKey)
        { Probe = "probe" };
        var progress = _checkpoint is { } written
            ? new StageProgress(written.Step, written.Step, Convert.FromHexString(written.LedgerHash), [.. written.Files])
            : _start;
        return new StageLead(_run.Spec, controller, new LedgerBook(this), progress, this);
    }

    private void Call(Func<StageLead, Task> call) => _calls.Writer.TryWrite(call);

    private async Task ServeAsync()
    {
        try
        {
            await foreach (var call in _calls.Reader.ReadAllAsync()) await call(_lead);
        }
        catch (Exception fault)
        {
            _run.Fail($"lead: {fault}");
        }
    }
}
