using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Artifacts;

namespace MiniMind.Worker.Training;

/// <summary>One stage on this worker: prepare (fetch, allocate, probe), then take part in its generations.</summary>
internal sealed class StageSession(StageSpec spec, Door door, ITransport transport, ReportOutbox outbox, TimeProvider time) : IDisposable
{
    private readonly GenerationInbox _inbox = new();
    private readonly CancellationTokenSource _dismissed = new();
    // A stop or a signal may come while the member is being made.
    private readonly Lock _gate = new();
    private volatile Member? _member;
    private bool _stop;
    private bool _leaving;

    public int Index => spec.StageIndex;

    public long Generation => _member?.Generation ?? 0;

    public long Step => _member?.Position.Step ?? -1;

    public string Phase => _member?.Phase ?? "prepare";

    public void Announce(Generation generation, string worker, string incarnation) =>
        _inbox.Announce(GenerationPlan.From(generation, worker, incarnation, spec.Lanes));

    public void Stop()
    {
        lock (_gate)
        {
            _stop = true;
            _member?.Stop();
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

    /// <summary>Ends the stage on this worker, whatever it is doing.</summary>
    public void Dismiss() => _dismissed.Cancel();

    public void Dispose() => _dismissed.Dispose();

    public async Task<MemberEnd> RunAsync(ArtifactClient artifacts, string scratch)
    {
        using var files = new StageFiles(artifacts, scratch, spec);
        await files.FetchTokenizerAsync(spec.Tokenizer, _dismissed.Token);
        var training = await files.FetchAsync(spec.TrainingShards, _dismissed.Token);
        var validation = await files.FetchAsync(spec.ValidationShards, _dismissed.Token);
        using var compute = new ComputeThread();
        using var trainer = await compute.RunAsync(() => Prepare(compute, files, training, validation), _dismissed.Token);
        using var member = new Member(trainer.Replica, transport, door, _inbox, outbox, trainer.Options, time);
        lock (_gate)
        {
            _member = member;
            if (_stop) member.Stop();
            if (_leaving) member.Leave();
        }
        outbox.Report(new WorkerReport { Prepared = new Prepared { StageIndex = spec.StageIndex, Probe = trainer.Probe } });
        return await member.RunAsync(_dismissed.Token);
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
            CheckpointInterval = spec.CheckpointInterval,
            Group = GroupOptions.Default with { PeerDeadline = TimeSpan.FromSeconds(spec.Deadlines.PeerSeconds) },
        };
        return new PreparedTrainer(new Trainer(spec, files, data, state, compute), options, ProbeLane.Compute(spec.Device));
    }

    private sealed record PreparedTrainer(Trainer Replica, MemberOptions Options, string Probe) : IDisposable
    {
        public void Dispose() => Replica.Dispose();
    }
}
