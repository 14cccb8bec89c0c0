using System.Threading.Channels;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Protos;

namespace MiniMind.Simulation;

/// <summary>A coordinator process: the production stage lead over a store that outlives it.</summary>
internal sealed class SimulatedCoordinator : IStageEffects
{
    private readonly SimulationRun _run;
    private readonly StageLead _lead;
    private readonly Channel<Func<Task>> _calls = Channel.CreateUnbounded<Func<Task>>();
    private readonly Dictionary<string, OrderedStream<CoordinatorOrder>> _orders = [];

    public SimulatedCoordinator(SimulationRun run, int incarnation)
    {
        _run = run;
        Process = new SimulatedProcess(run.World, "coordinator");
        var options = new StageControllerOptions(
            0, new GenerationOptions(run.ExpectedWorkers, TimeSpan.FromSeconds(5), Silence: TimeSpan.FromSeconds(2.5))
            {
                Rebalancing = new RebalancingOptions(Steps: 4, TimeSpan.FromSeconds(0.1), Gain: 1.15),
            })
        {
            Lanes = SimulationRun.Lanes,
        };
        var store = run.Store;
        var controller = new StageController(options, store.Generation?.Clone(), store.Generation?.Number ?? 0, Process.Time);
        var progress = store.Checkpoint is { } written
            ? new StageProgress(written.Step, written.Step, Convert.FromHexString(written.LedgerHash), [.. written.Files])
            : new StageProgress(-1, 0, LedgerChain.Origin.ToByteArray(), []);
        var spec = new StageSpec { StageIndex = 0, TotalSteps = SimulationRun.Options.TotalSteps };
        _lead = new StageLead(spec, controller, new LedgerBook(store), progress, this);
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
                if (!_orders.TryGetValue(worker.Name, out var current) || current != orders) return Task.CompletedTask;
                _orders.Remove(worker.Name);
                return _lead.DisconnectAsync(worker.Name, incarnation);
            }));
        }
        return new OrderedStream<WorkerReport>(_run.Network, _run.World, worker.Process, Process, report => Call(() =>
        {
            if (report.Hello is null) return _lead.HandleAsync(worker.Name, incarnation, report);
            _orders[worker.Name] = orders;
            return _lead.ConnectAsync(report.Hello);
        }), Broken);
    }

    public async Task StoreAsync(Generation generation, string? probe)
    {
        await Task.Delay(_run.World.Delay(0.1, 5), Process.Time);
        _run.Store.Generation = generation.Clone();
    }

    public void Send(string worker, CoordinatorOrder order)
    {
        if (_orders.TryGetValue(worker, out var stream)) stream.Send(order.Clone());
    }

    public void Broadcast(CoordinatorOrder order)
    {
        foreach (var stream in _orders.Values.ToList()) stream.Send(order.Clone());
    }

    public void Assemble(CheckpointWritten written) =>
        Process.Schedule(_run.World.Delay(0.1, 400), () => Call(() => _lead.AssembledAsync(written)));

    public async Task RecordCheckpointAsync(CheckpointWritten written)
    {
        await Task.Delay(_run.World.Delay(0.1, 5), Process.Time);
        _run.Store.Checkpoint = written.Clone();
    }

    public void Committed(LedgerEntry entry, StepFacts? facts, bool repeated) => _run.World.Trace("coordinator", $"step {entry.Step} committed");

    public void Validated(Validated validated) => _run.CheckValidation(validated);

    public void Formed(Generation generation)
    {
        _run.Generations++;
        if (generation.Reason.Contains(": lanes ", StringComparison.Ordinal)) _run.LaneMoves++;
        var members = string.Join(" ", generation.Members.Select(member => $"{member.Incarnation}:{member.Lanes}"));
        _run.World.Trace("coordinator", $"generation {generation.Number}{(generation.AtBoundary ? " at boundary" : "")}: {members} ({generation.Reason})");
    }

    public void Noticed(string worker, string state, string detail) => _run.World.Trace("coordinator", $"{worker}: {state}: {detail}");

    public Task StageCompletedAsync()
    {
        _run.Store.Completed = true;
        _run.World.Trace("coordinator", "stage completed");
        return Task.CompletedTask;
    }

    public Task HaltedAsync(long step, bool abandoned)
    {
        _run.World.Trace("coordinator", $"halted after step {step}");
        _run.EndAndResume();
        return Task.CompletedTask;
    }

    public Task FailedAsync(string message, bool userError)
    {
        if (message.Contains(ToyReplica.FullDisk, StringComparison.Ordinal)) _run.EndAndResume();
        else _run.Fail(message);
        return Task.CompletedTask;
    }

    private void Call(Func<Task> call) => _calls.Writer.TryWrite(call);

    private async Task ServeAsync()
    {
        try
        {
            while (true) await (await _calls.Reader.ReadAsync())();
        }
        catch (Exception fault)
        {
            _run.Fail($"coordinator: {fault}");
        }
    }

    private async Task TickAsync()
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.25), Process.Time);
            Call(_lead.TickAsync);
        }
    }
}
