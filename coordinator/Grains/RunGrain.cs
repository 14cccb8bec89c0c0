using Google.Protobuf;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;
using Orleans.Storage;

namespace MiniMind.Coordinator.Grains;

/// <summary>Leads a run: a thin shell that gives the stage's lead storage, time and streams.</summary>
public sealed class RunGrain(
    [PersistentState("run", RunGrain.StorageName)] IPersistentState<RunRecord> stored, CheckpointFolders folders, RunFolder folder, TimeProvider time)
    : Grain, IRunGrain
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
    private StageSpec? _spec;
    private StageLead? _lead;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(() => LeadAsync(lead => lead.TickAsync()), TickInterval, TickInterval);
        return Task.CompletedTask;
    }

    public async Task<string?> OpenAsync(string identity, string settings, Dictionary<string, string> inputs)
    {
        if (stored.State.Identity.Length == 0)
        {
            (stored.State.Identity, stored.State.Settings, stored.State.Inputs) = (identity, settings, inputs);
            await stored.WriteStateAsync();
            return null;
        }
        if (stored.State.Identity != identity) return "its data or its tokenizer changed: undo that, or start anew with --out DIR";
        if (stored.State.Checkpoints.LastOrDefault() is { } newest && !IsInLedger(newest))
            return $"{folder.Ledger} lacks the entry of {newest.Folder}: put back the whole file, or start anew with --out DIR";
        folders.Repair(stored.State.Checkpoints);
        return null;
    }

    private bool IsInLedger(CheckpointRecord checkpoint) =>
        _ledger.HashOf(checkpoint.StageIndex, checkpoint.Step) is { } hash && Convert.ToHexStringLower(hash.Span) == checkpoint.LedgerHash;

    public Task<RunRecord> RecordAsync() => Task.FromResult(stored.State);

    public async Task<long> BeginStageAsync(byte[] spec, int expectedWorkers, string[]? survivors)
    {
        var next = StageSpec.Parser.ParseFrom(spec);
        if (_spec?.StageIndex == next.StageIndex && _lead is not null) return _lead.FirstStep;
        await RememberAsync(next);
        _spec = next;
        var newest = stored.State.Generation is { } bytes ? Generation.Parser.ParseFrom(bytes) : null;
        var membership = new MembershipRecord(folder.Membership, time);
        // The coordinator may have died after it stored a generation and before it told of it.
        if (newest is not null && newest.Number > membership.NewestGeneration) membership.Append(GrainEffects.Event(newest));
        var former = newest?.StageIndex == next.StageIndex && (survivors is null || newest.Members.Any(member => survivors.Contains(member.Worker))) ? newest : null;
        var options = new StageControllerOptions(
            next.StageIndex, new GenerationOptions(expectedWorkers, StartPatience, TimeSpan.FromSeconds(next.Deadlines.SilenceSeconds)));
        var controller = new StageController(options, former, newest?.Number ?? 0, time, survivors is null ? null : survivors.Contains) { Probe = stored.State.Probe };
        var effects = new GrainEffects(next, stored, folders, folder, membership, Send, Broadcast, Assemble, Tell);
        _lead = new StageLead(next, controller, _ledger, Progress(next.StageIndex), effects);
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

    private async Task RememberAsync(StageSpec spec)
    {
        var bytes = spec.ToByteArray();
        var stages = stored.State.Stages;
        var at = stages.FindIndex(known => StageSpec.Parser.ParseFrom(known).StageIndex == spec.StageIndex);
        if (at >= 0 && stages[at].AsSpan().SequenceEqual(bytes)) return;
        if (at >= 0) stages[at] = bytes;
        else stages.Add(bytes);
        await stored.WriteStateAsync();
    }

    public Task WatchAsync(IRunWatcher watcher)
    {
        _watchers.Add(watcher);
        return Task.CompletedTask;
    }

    public async Task ConnectAsync(byte[] hello, IOrderReceiver orders)
    {
        var parsed = Hello.Parser.ParseFrom(hello);
        _workers[parsed.Worker] = orders;
        _hellos[parsed.Worker] = parsed;
        await LeadAsync(lead => lead.ConnectAsync(parsed));
    }

    public Task ReportAsync(string worker, string incarnation, byte[] report)
    {
        var parsed = WorkerReport.Parser.ParseFrom(report);
        // A heartbeat says only how it is now.
        if (_spec is null && parsed.Heartbeat is null) _early.Add((worker, incarnation, parsed));
        return LeadAsync(lead => lead.HandleAsync(worker, incarnation, parsed));
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
        fault is null ? lead.AssembledAsync(CheckpointWritten.Parser.ParseFrom(written)) : throw new IOException(fault));

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

    /// <summary>The newest checkpoint of the stage; else the end of the stage before it; else the seed.</summary>
    private StageProgress Progress(int stageIndex)
    {
        if (stored.State.Checkpoints.LastOrDefault() is not { } newest)
            return new StageProgress(-1, 0, LedgerChain.Origin.ToByteArray(), []);
        var files = CheckpointWritten.Parser.ParseFrom(newest.Written).Files;
        var ledger = Convert.FromHexString(newest.LedgerHash);
        return newest.StageIndex == stageIndex
            ? new StageProgress(newest.Step, newest.Step, ledger, [.. files])
            : new StageProgress(-1, 0, ledger, [.. files]);
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
            await HandBackAsync(() => self.AssembledAsync(written.ToByteArray(), fault));
        }).Ignore();
    }

    /// <summary>A call that waited too long for its turn is dropped by the runtime; it changes nothing to make it twice.</summary>
    private static async Task HandBackAsync(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (TimeoutException)
            {
                // Once more.
            }
        }
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
