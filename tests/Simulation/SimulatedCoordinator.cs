using System.Threading.Channels;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Grains;
using MiniMind.Protos;
using MiniMind.Simulation.PowerCuts;

namespace MiniMind.Simulation;

/// <summary>A coordinator process: the production stage lead and storage over a disk that outlives it.</summary>
internal sealed class SimulatedCoordinator : IStageEffects
{
    private static readonly StageSpec Stage = new() { StageIndex = 0, Stage = "toy", TotalSteps = SimulationRun.Options.TotalSteps };

    private readonly SimulationRun _run;
    private readonly Channel<Func<Task>> _calls = Channel.CreateUnbounded<Func<Task>>();
    private readonly Dictionary<string, (string Incarnation, OrderedStream<CoordinatorOrder> Orders)> _workers = [];
    private CoordinatorDisk? _open;
    private GrainEffects? _stored;
    private StageLead? _lead;

    public SimulatedCoordinator(SimulationRun run, int incarnation)
    {
        _run = run;
        Process = new SimulatedProcess(run.World, "coordinator");
        Process.Schedule(TimeSpan.Zero, () => _ = ServeAsync());
        Process.Schedule(TimeSpan.Zero, () => _ = TickAsync());
        run.World.Trace("coordinator", $"started, incarnation {incarnation}");
    }

    public SimulatedProcess Process { get; }

    /// <summary>A worker opens its stream; returns the stream for its reports.</summary>
    public OrderedStream<WorkerReport> Accept(
        SimulatedWorker worker, string incarnation, OrderedStream<CoordinatorOrder> orders, Action brokenAtWorker)
    {
        void Broken()
        {
            brokenAtWorker();
            Process.Schedule(TimeSpan.Zero, () => Call(() =>
            {
                if (!_workers.TryGetValue(worker.Name, out var current) || current.Orders != orders) return Task.CompletedTask;
                _workers.Remove(worker.Name);
                return _lead!.DisconnectAsync(worker.Name, incarnation);
            }));
        }
        OrderedStream<WorkerReport> reports = null!;
        return reports = new OrderedStream<WorkerReport>(_run.Network, _run.World, worker.Process, Process, report => Call(() =>
        {
            if (report.Hello is null)
            {
                if (_workers.TryGetValue(worker.Name, out var current) && current.Incarnation == incarnation) return _lead!.HandleAsync(worker.Name, incarnation, report);
                // Another process of its name has come since.
                orders.Break();
                reports.Break();
                return Task.CompletedTask;
            }
            _workers[worker.Name] = (incarnation, orders);
            return _lead!.ConnectAsync(report.Hello);
        }), Broken);
    }

    /// <summary>The user asks it to stop.</summary>
    /// <param name="first">The streams of all other workers break at that moment: they hear of it from their ranks, or when they have reconnected. Null: none.</param>
    public void Stop(string? first) => Process.Schedule(TimeSpan.Zero, () => Call(() =>
    {
        _run.World.Trace("coordinator", $"asked to stop, told {first ?? "all"}");
        foreach (var (name, stream) in _workers.ToList())
            if (first is not null && name != first) stream.Orders.Break();
        return _lead!.StopAsync("the user");
    }));

    /// <summary>Another one has taken its place; it may not know.</summary>
    private bool IsDeposed => _run.Coordinator != this;

    public async Task StoreAsync(Generation generation, string? probe)
    {
        await Task.Delay(_run.World.Delay(0.1, 5), Process.Time);
        await _stored!.StoreAsync(generation, probe);
        _run.Invariants.Stored(generation);
    }

    public void Send(string worker, CoordinatorOrder order)
    {
        _run.Invariants.Ordered(order);
        if (_workers.TryGetValue(worker, out var stream)) stream.Orders.Send(order.Clone());
    }

    public void Broadcast(CoordinatorOrder order)
    {
        _run.Invariants.Ordered(order);
        foreach (var stream in _workers.Values.ToList()) stream.Orders.Send(order.Clone());
    }

    public void Assemble(CheckpointWritten written) => Process.Schedule(_run.World.Delay(0.1, 400), () => _ = AssembleAsync(written));

    public async Task RecordCheckpointAsync(CheckpointWritten written)
    {
        await Task.Delay(_run.World.Delay(0.1, 5), Process.Time);
        await _stored!.RecordCheckpointAsync(written);
        _run.Invariants.Recorded(written.Step, _open!);
    }

    public void Committed(LedgerEntry entry, StepFacts? facts, bool repeated)
    {
        _run.World.Trace("coordinator", $"step {entry.Step} committed");
        _run.Invariants.Committed(entry);
    }

    public void Validated(Validated validated)
    {
        _run.Invariants.Validated(validated);
        _stored!.Validated(validated);
    }

    public void Formed(Generation generation)
    {
        _run.Generations++;
        _stored!.Formed(generation);
        _run.Store.Announce(generation);
        if (generation.Reason.Contains(": lanes ", StringComparison.Ordinal)) _run.LaneMoves++;
        var members = string.Join(" ", generation.Members.Select(member => $"{member.Incarnation}:{member.Lanes}"));
        _run.World.Trace("coordinator", $"generation {generation.Number}{(generation.AtBoundary ? " at boundary" : "")}: {members} ({generation.Reason})");
    }

    public void Noticed(string worker, string state, string detail) => _run.World.Trace("coordinator", $"{worker}: {state}: {detail}");

    public async Task StageCompletedAsync()
    {
        await _stored!.StageCompletedAsync();
        _run.Store.Completed = true;
        _run.World.Trace("coordinator", "stage completed");
    }

    public Task HaltedAsync(long step, bool abandoned)
    {
        _run.World.Trace("coordinator", $"halted after step {step}");
        if (IsDeposed) return Task.CompletedTask;
        _run.Invariants.Halted(step);
        _run.EndAndResume();
        return Task.CompletedTask;
    }

    public Task FailedAsync(string message, bool userError)
    {
        if (IsDeposed) return Task.CompletedTask;
        if (message.Contains(ToyReplica.FullDisk, StringComparison.Ordinal)) _run.EndAndResume();
        else _run.Fail(message);
        return Task.CompletedTask;
    }

    private void Call(Func<Task> call) => _calls.Writer.TryWrite(call);

    private async Task ServeAsync()
    {
        try
        {
            await OpenAsync();
            while (!_run.Store.Completed) await (await _calls.Reader.ReadAsync())();
        }
        catch (Exception fault)
        {
            End(fault);
        }
    }

    /// <summary>Begins the run, or goes on with it, as the grain does.</summary>
    private async Task OpenAsync()
    {
        _open = await CoordinatorDisk.StartAsync(_run.Store.Disk, Process.Time);
        if (await _open.Run.OpenAsync("toy", "{}", [], []) is { } refusal) throw new InvalidOperationException(refusal);
        if (_run.Store.Fault(_open) is { } lost) throw new InvalidOperationException(lost);
        await _open.Run.RememberAsync(Stage);
        _run.Invariants.Found(_open.Run.Newest);
        _run.Store.Record(_open.Run.Progress(0).CheckpointStep);
        var record = _open.State.State;
        _run.Store.Completed = record.CompletedStages.Count > 0;
        var options = new StageControllerOptions(
            0, new GenerationOptions(_run.ExpectedWorkers, TimeSpan.FromSeconds(5), Silence: TimeSpan.FromSeconds(2.5))
            {
                Rebalancing = new RebalancingOptions(Steps: 4, TimeSpan.FromSeconds(0.1), Gain: 1.15),
            })
        {
            Lanes = SimulationRun.Lanes,
        };
        var controller = new StageController(options, _open.Run.Newest, _open.Run.Newest?.Number ?? 0, Process.Time);
        _stored = new GrainEffects(
            Stage, _open.State, _open.Checkpoints, CoordinatorDisk.Folder, _open.Run.OpenMembership(), (_, _) => { }, _ => { }, _ => { }, _ => { });
        _lead = new StageLead(Stage, controller, _open.Ledger, _open.Run.Progress(0), this);
    }

    private async Task AssembleAsync(CheckpointWritten written)
    {
        try
        {
            await _open!.Checkpoints.AssembleAsync(Stage.Stage, written);
            Call(() => _lead!.AssembledAsync(written));
        }
        catch (Exception fault)
        {
            End(fault);
        }
    }

    /// <summary>One finds the state written by another, or, when it was deposed, files gone: then it must not speak for the run any more.</summary>
    private void End(Exception fault)
    {
        if (!Process.Alive) return;
        if (fault is not Orleans.Storage.InconsistentStateException && !(IsDeposed && fault is IOException))
        {
            _run.Fail($"coordinator: {fault}");
            return;
        }
        Process.Kill();
        if (!IsDeposed) _run.World.Schedule(null, _run.World.Delay(1, 1000), _run.RestartCoordinator);
    }

    private async Task TickAsync()
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.25), Process.Time);
            Call(() => _lead!.TickAsync());
        }
    }
}
