using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Artifacts;

namespace MiniMind.Worker.Training;

/// <summary>One stage on this worker: prepare (fetch, allocate, probe), then take part in its generations.</summary>
internal sealed class StageSession(
    StageSpec spec, Door door, ITransport transport, ReportOutbox outbox, OrphanedCheckpoints orphaned, TextWriter log, TimeProvider time) : IDisposable
{
    private readonly GenerationInbox _inbox = new();
    private readonly CancellationTokenSource _dismissed = new();
    // A stop or a signal may come while the member is being made.
    private readonly Lock _gate = new();
    private volatile Member? _member;
    private StageFiles? _files;
    private bool _orphan;
    private bool _stop;
    private bool _leaving;

    public int Index => spec.StageIndex;

    public long Generation => _member?.Generation ?? 0;

    public long Step => _member?.Position.Step ?? -1;

    public string Phase => _member?.Phase ?? "prepare";

    public void Announce(Generation generation, string worker, string incarnation)
    {
        if (generation.GoesOn && generation.StageIndex == spec.StageIndex) GoOn();
        _inbox.Announce(GenerationPlan.From(generation, worker, incarnation, spec.Lanes));
        // What the run has by now is not handed over again.
        if (generation.StageIndex == spec.StageIndex) orphaned.Forget(spec.StageIndex, generation.CheckpointStep);
    }

    public void Stop()
    {
        lock (_gate)
        {
            _stop = true;
            _member?.Stop();
        }
    }

    private void GoOn()
    {
        lock (_gate)
        {
            _stop = false;
            _member?.GoOn();
        }
    }

    public void CheckpointNow() => _member?.CheckpointNow();

    public void Leave()
    {
        lock (_gate)
        {
            _leaving = true;
            _member?.Leave();
        }
    }

    /// <summary>
    /// There is no coordinator: all ranks, which are told through the tail, checkpoint after the step in flight, and halt. The checkpoint is kept here. Without the
    /// others nobody waits: the stage, when it is dismissed, keeps its own state.
    /// </summary>
    /// <param name="patience">Longest time to wait for the others.</param>
    public async Task HaltAsOrphanAsync(TimeSpan patience)
    {
        Member? member;
        lock (_gate)
        {
            (member, _orphan) = (_member, true);
            _files?.Orphan();
        }
        if (member is null) return;
        try
        {
            await member.HaltAbandonedAsync().WaitAsync(patience, time, _dismissed.Token);
        }
        catch (Exception ended) when (ended is TimeoutException or OperationCanceledException)
        {
            log.WriteLine($"the other ranks did not halt within {patience.TotalSeconds:0} s");
        }
    }

    /// <summary>Ends the stage on this worker, whatever it is doing.</summary>
    public void Dismiss() => _dismissed.Cancel();

    public void Dispose() => _dismissed.Dispose();

    public async Task<MemberEnd> RunAsync(ArtifactClient artifacts, string scratch)
    {
        using var files = new StageFiles(artifacts, scratch, spec) { Keep = Keep };
        await files.FetchTokenizerAsync(spec.Tokenizer, _dismissed.Token);
        var training = await files.FetchAsync(spec.TrainingShards, _dismissed.Token);
        var validation = await files.FetchAsync(spec.ValidationShards, _dismissed.Token);
        using var compute = new ComputeThread();
        using var trainer = await compute.RunAsync(() => Prepare(compute, files, training, validation), _dismissed.Token);
        using var member = new Member(trainer.Replica, transport, door, _inbox, outbox, trainer.Options, time);
        lock (_gate)
        {
            (_member, _files) = (member, files);
            if (_stop) member.Stop();
            if (_leaving) member.Leave();
            if (_orphan) files.Orphan();
        }
        try
        {
            await HandOverAsync(files);
            outbox.Report(new WorkerReport { Prepared = new Prepared { StageIndex = spec.StageIndex, Probe = trainer.Probe } });
            var end = await member.RunAsync(_dismissed.Token);
            if (_orphan && !await member.HaltAbandonedAsync()) await KeepStateAsync(trainer.Replica, member);
            return end;
        }
        finally
        {
            // However it ends: nobody calls files that are gone.
            lock (_gate) _files = null;
        }
    }

    /// <summary>What an earlier process could give to nobody.</summary>
    private async Task HandOverAsync(StageFiles files)
    {
        if (orphaned.Newest(spec.StageIndex, spec.Identity) is not var (handover, paths)) return;
        try
        {
            handover.Checkpoint.Files.AddRange(await files.UploadAsync(paths, _dismissed.Token));
            outbox.Report(new WorkerReport { Handover = handover });
            log.WriteLine($"handed over the checkpoint of step {handover.Checkpoint.Step}, which an earlier process had kept");
        }
        catch (Exception fault) when (fault is IOException or ArtifactException)
        {
            // Its steps will be computed again, to the same bits.
            log.WriteLine($"the checkpoint of step {handover.Checkpoint.Step}, which an earlier process had kept, cannot be handed over: {fault.Message}");
        }
    }

    /// <summary>The others are gone, too, or did not halt: nobody else may have this state.</summary>
    private async Task KeepStateAsync(Trainer trainer, Member member)
    {
        var position = member.Position;
        // A step that was applied but not counted has no entry: then older state must do.
        if (position.Step < 1 || !member.IsCounted) return;
        try
        {
            await (await trainer.SnapshotAsync(position))(CancellationToken.None);
        }
        catch (Exception fault) when (fault is IOException or ArtifactException)
        {
            log.WriteLine($"checkpoint of step {position.Step}: {fault.Message}");
        }
    }

    private void Keep(string folder, Position position)
    {
        orphaned.Keep(folder, new CheckpointWritten
        {
            StageIndex = spec.StageIndex, Step = position.Step, LedgerHash = Convert.ToHexStringLower(position.LedgerHead),
        }, outbox.Kept);
        log.WriteLine($"checkpoint of step {position.Step}: kept in the cache until a coordinator takes it");
    }

    private PreparedTrainer Prepare(ComputeThread compute, StageFiles files, IReadOnlyList<string> training, IReadOnlyList<string> validation)
    {
        TorchRuntime.Initialize(spec.Threads, spec.Device);
        var data = new StageData(spec, training, validation);
        var state = TrainingState.Create(HuggingFaceConfig.Parse(spec.ModelConfigJson, "the stage's model"), spec.Device);
        var options = new MemberOptions
        {
            StageIndex = spec.StageIndex, Stage = spec.Stage, RunId = spec.RunId, Lanes = spec.Lanes, TotalSteps = spec.TotalSteps,
            Samples = data.Order.Samples, ValidationInterval = spec.ValidationSequences == 0 ? -1 : spec.ValidationInterval,
            CheckpointInterval = spec.CheckpointInterval, SpotCheckInterval = spec.SpotCheckInterval, Seed = spec.Seed,
            Group = GroupOptions.Default with { PeerDeadline = TimeSpan.FromSeconds(spec.Deadlines.PeerSeconds) },
        };
        var trainer = new Trainer(spec, files, data, state, compute);
        trainer.WarmUp();
        return new PreparedTrainer(trainer, options, ProbeLane.Compute(spec.Device));
    }

    private sealed record PreparedTrainer(Trainer Replica, MemberOptions Options, string Probe) : IDisposable
    {
        public void Dispose() => Replica.Dispose();
    }
}
