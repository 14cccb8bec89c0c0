using Google.Protobuf;
using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;
using Orleans.Storage;

namespace MiniMind.Coordinator.Grains;

/// <summary>Leads a run: a thin shell that gives the stage's lead storage, time and streams.</summary>
public sealed class RunGrain(
    [PersistentState("run", RunGrain.StorageName)] IPersistentState<RunRecord> stored, CheckpointFolders folders, RunFolder folder, ISiloStatusOracle silos,
    TimeProvider time) : Grain, IRunGrain
{
    /// <summary>Name of the grain storage.</summary>
    public const string StorageName = "runs";

    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly LedgerBook _ledger = new(new LedgerFile(folder.Ledger));
    private readonly Dictionary<string, IOrderReceiver> _workers = [];
    private readonly Dictionary<string, Hello> _hellos = [];
    private readonly List<(string Worker, string Incarnation, WorkerReport Report)> _early = [];
    private readonly List<IRunWatcher> _watchers = [];
    private readonly Leadership _leadership = new(stored, silo => silos.GetApproximateSiloStatus(SiloAddress.FromParsableString(silo)) is not (SiloStatus.Dead or SiloStatus.None));
    private StageSpec? _spec;
    private StageLead? _lead;

    private StoredRun Run => new(stored, _ledger, folders, folder, time);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(() => LeadAsync(lead => lead.TickAsync()), TickInterval, TickInterval);
        return Task.CompletedTask;
    }

    public async Task<Standing> StandAsync(string silo, string address, bool followed)
    {
        var before = _leadership.Addresses;
        var standing = await _leadership.StandAsync(silo, address, followed);
        if (!_leadership.Addresses.SequenceEqual(before)) Broadcast(Coordinators());
        return standing;
    }

    public Task ResignAsync(string silo, string? ending) => _leadership.ResignAsync(silo, ending);

    // Whoever leads a stage may be writing.
    public Task<string?> OpenAsync(string identity, string settings, Dictionary<string, string> inputs, List<byte[]> planned) =>
        Run.OpenAsync(identity, settings, inputs, planned, alone: _lead is null);

    public Task<RunRecord> RecordAsync() => Task.FromResult(stored.State);

    public async Task<long> BeginStageAsync(byte[] spec, int expectedWorkers, string[]? survivors)
    {
        var next = StageSpec.Parser.ParseFrom(spec);
        if (_spec?.StageIndex >= next.StageIndex && _lead is not null)
        {
            // Whoever asks may have missed it.
            if (stored.State.CompletedStages.Contains(next.StageIndex)) Tell(new RunEvent { Completed = new StageDone { StageIndex = next.StageIndex } });
            return _lead.FirstStep;
        }
        await Run.RememberAsync(next);
        _spec = next;
        var newest = Run.Newest;
        var membership = Run.OpenMembership();
        var former = newest?.StageIndex == next.StageIndex && (survivors is null || newest.Members.Any(member => survivors.Contains(member.Worker))) ? newest : null;
        var options = new StageControllerOptions(
            next.StageIndex, new GenerationOptions(expectedWorkers, StartPatience, TimeSpan.FromSeconds(next.Deadlines.SilenceSeconds)))
        {
            Lanes = next.Lanes,
        };
        var controller = new StageController(options, former, newest?.Number ?? 0, time, survivors is null ? null : survivors.Contains) { Probe = stored.State.Probe };
        var effects = new GrainEffects(next, stored, folders, folder, membership, Send, Broadcast, Assemble, Tell);
        _lead = new StageLead(next, controller, _ledger, Run.Progress(next.StageIndex), effects);
        if (former is not null) effects.Adopted(former);
        await CatchUpAsync();
        return _lead?.FirstStep ?? 0;
    }

    /// <summary>Hears what workers have said since they reconnected, while the run was still being prepared.</summary>
    private async Task CatchUpAsync()
    {
        foreach (var hello in _hellos.Values.ToList()) await LeadAsync(lead => lead.ConnectAsync(hello));
        foreach (var (worker, incarnation, report) in _early.ToList()) await LeadAsync(lead => lead.HandleAsync(worker, incarnation, report));
        _early.Clear();
    }

    public Task WatchAsync(IRunWatcher watcher)
    {
        if (_watchers.Contains(watcher)) return Task.CompletedTask;
        _watchers.Add(watcher);
        if (_lead?.Generation is { } present) watcher.HappenedAsync(GrainEffects.Happened(present, "goes on").ToByteArray()).Ignore();
        return Task.CompletedTask;
    }

    public async Task ConnectAsync(byte[] hello, IOrderReceiver orders)
    {
        var parsed = Hello.Parser.ParseFrom(hello);
        _workers[parsed.Worker] = orders;
        _hellos[parsed.Worker] = parsed;
        // It says again what is not durable.
        _early.RemoveAll(early => early.Worker == parsed.Worker);
        if (_leadership.Addresses.Count > 0) Send(parsed.Worker, Coordinators());
        await LeadAsync(lead => lead.ConnectAsync(parsed));
    }

    public async Task<bool> ReportAsync(string worker, string incarnation, byte[] report)
    {
        if (!_hellos.TryGetValue(worker, out var hello) || hello.Incarnation != incarnation) return false;
        var parsed = WorkerReport.Parser.ParseFrom(report);
        // A heartbeat says only how it is now.
        if (_spec is null && parsed.Heartbeat is null) _early.Add((worker, incarnation, parsed));
        await LeadAsync(lead => lead.HandleAsync(worker, incarnation, parsed));
        return true;
    }

    public async Task DisconnectAsync(string worker, string incarnation, IOrderReceiver orders)
    {
        // A newer stream of the same worker, even of the same process, may have opened before the old one was seen to end.
        if (!_workers.TryGetValue(worker, out var current) || !current.Equals(orders)) return;
        _workers.Remove(worker);
        _hellos.Remove(worker);
        await LeadAsync(lead => lead.DisconnectAsync(worker, incarnation));
    }

    public Task AssembledAsync(byte[] written, string? fault) => LeadAsync(lead =>
    {
        var checkpoint = CheckpointWritten.Parser.ParseFrom(written);
        if (fault is null) return lead.AssembledAsync(checkpoint);
        return lead.IsAssembling(checkpoint) ? throw new IOException(fault) : Task.CompletedTask;
    });

    public Task StopAsync(string reason) => LeadAsync(lead => lead.StopAsync(reason));

    public Task CheckpointAsync()
    {
        Broadcast(new CoordinatorOrder { Checkpoint = new CheckpointOrder() });
        return Task.CompletedTask;
    }

    public Task DismissAsync(string reason)
    {
        Broadcast(new CoordinatorOrder { Dismissed = new Dismissed { Reason = reason } });
        return Task.CompletedTask;
    }

    public Task<byte[]> StatusAsync()
    {
        var status = new RunStatus
        {
            RunId = this.GetPrimaryKeyString(), Stage = _spec?.Stage ?? "", Step = _spec is null ? 0 : _ledger.NewestStep(_spec.StageIndex),
            TotalSteps = _spec?.TotalSteps ?? 0, Generation = _lead?.Generation?.Number ?? 0,
            Phase = _spec is null ? "waiting" : stored.State.CompletedStages.Contains(_spec.StageIndex) ? "completed" : "training",
        };
        status.Workers.AddRange(_lead?.Generation?.Members.Select(member => member.Worker) ?? []);
        return Task.FromResult(status.ToByteArray());
    }

    /// <summary>What the lead cannot do (a full disk, say) ends the run with a message; what is on the disk stays as it is.</summary>
    private async Task LeadAsync(Func<StageLead, Task> call)
    {
        if (_lead is null) return;
        try
        {
            await call(_lead);
        }
        // Another activation has written: the runtime ends this one, which must not speak for the run. (Storage faults come wrapped by the runtime.)
        catch (Exception fault) when (fault is not InconsistentStateException)
        {
            _lead = null;
            Tell(new RunEvent { Failed = new RunFailed { Message = Words(fault) } });
        }
    }

    private static string Words(Exception fault) => DiskFull.Find(fault) is { } full ? DiskFull.Explain(full, ofRun: true) : fault.GetBaseException().Message;

    /// <summary>
    /// Copies, hashes and flushes gigabytes, perhaps: outside of the activation, whose turns go on meanwhile, and back into one of them.
    /// </summary>
    private void Assemble(CheckpointWritten written)
    {
        var (self, stage) = (this.AsReference<IRunGrain>(), _spec!.Stage);
        Task.Run(async () =>
        {
            string? fault = null;
            try
            {
                await folders.AssembleAsync(stage, written);
            }
            catch (Exception caught)
            {
                fault = Words(caught);
            }
            await HandBackAsync(() => self.AssembledAsync(written.ToByteArray(), fault), time);
        }).Ignore();
    }

    /// <summary>A call that waited too long for its turn is dropped by the runtime; it changes nothing to make it twice.</summary>
    private static async Task HandBackAsync(Func<Task> call, TimeProvider time)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (Exception fault) when (fault is TimeoutException or OrleansException)
            {
                // Once more after a moment: soon after another coordinator's death calls may be turned away.
                await Task.Delay(TickInterval, time);
            }
        }
    }

    private CoordinatorOrder Coordinators()
    {
        var order = new CoordinatorsOrder();
        order.Addresses.AddRange(_leadership.Addresses);
        return new CoordinatorOrder { Coordinators = order };
    }

    private void Send(string worker, CoordinatorOrder order)
    {
        if (_workers.TryGetValue(worker, out var receiver)) receiver.ObeyAsync(order.ToByteArray()).Ignore();
    }

    private void Broadcast(CoordinatorOrder order)
    {
        foreach (var receiver in _workers.Values) receiver.ObeyAsync(order.ToByteArray()).Ignore();
    }

    private void Tell(RunEvent happened)
    {
        foreach (var watcher in _watchers) watcher.HappenedAsync(happened.ToByteArray()).Ignore();
    }
}
