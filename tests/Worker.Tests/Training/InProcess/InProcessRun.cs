using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>What a run of a stage ended with.</summary>
/// <param name="States">Hashes over weights and both moments: of all ranks at the end.</param>
/// <param name="Checkpoint">Written at the end.</param>
/// <param name="Ledger">Of this stage and those before it.</param>
internal sealed record Outcome(IReadOnlyList<string> States, CheckpointWritten Checkpoint, IReadOnlyList<LedgerEntry> Ledger)
{
    /// <summary>Hashes of the files with weights and moments.</summary>
    public string Files => string.Join(' ', Checkpoint.Files
        .Where(file => file.Name.EndsWith(".safetensors", StringComparison.Ordinal)).Select(file => $"{file.Name} {file.Sha256}").Order(StringComparer.Ordinal));
}

/// <summary>One stage in one process: the production lead, members and trainers over the in-memory transport, while a schedule strikes.</summary>
internal sealed class InProcessRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private const int MostStarted = 14;

    private readonly SmallStage _stage;
    private readonly (IReadOnlyList<string> Training, IReadOnlyList<string> Validation) _shards;
    private readonly StrikeSchedule _schedule;
    private readonly InProcessLead _lead;
    private readonly Lock _gate = new();
    private readonly List<InProcessWorker> _workers = [];
    private readonly List<string> _trace = [];
    private readonly List<(string Incarnation, long Step, string Reason)> _expelled = [];
    private readonly TaskCompletionSource<CheckpointWritten> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _started;
    private int _struck;

    public InProcessRun(
        SmallStage stage, StageSpec spec, (IReadOnlyList<string> Training, IReadOnlyList<string> Validation) shards, Outcome? before, StrikeSchedule schedule)
    {
        (_stage, Spec, _shards, _schedule) = (stage, spec, shards, schedule);
        using var data = new MiniMind.Worker.Training.StageData(spec, shards.Training, shards.Validation);
        Options = new MemberOptions
        {
            StageIndex = spec.StageIndex, Stage = spec.Stage, RunId = spec.RunId, Lanes = spec.Lanes, TotalSteps = spec.TotalSteps,
            Samples = data.Order.Samples, ValidationInterval = spec.ValidationInterval, CheckpointInterval = spec.CheckpointInterval,
            SpotCheckInterval = spec.SpotCheckInterval, Seed = spec.Seed, Group = GroupOptions.Default with { ChunkLength = 700 },
        };
        _lead = new InProcessLead(this, before, schedule.Workers);
    }

    public StageSpec Spec { get; }

    public MemberOptions Options { get; }

    public InMemoryNetwork Network { get; } = new();

    /// <summary>Spoils gradients of a worker that is expelled for it.</summary>
    public GradientFaultInjector? Faults { get; init; }

    /// <summary>The workers that were expelled: where they stood, and why.</summary>
    public IReadOnlyList<(string Incarnation, long Step, string Reason)> Expelled
    {
        get
        {
            lock (_gate) return [.. _expelled];
        }
    }

    /// <summary>Blows that were dealt.</summary>
    public int Struck => Volatile.Read(ref _struck);

    public static string Hash(IReadOnlyList<Memory<float>> buffers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var buffer in buffers) hash.AppendData(MemoryMarshal.AsBytes(buffer.Span));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public async Task<Outcome> RunAsync()
    {
        for (var i = 0; i < _schedule.Workers; i++) await StartWorkerAsync(null);
        try
        {
            var checkpoint = await _completed.Task.WaitAsync(Patience);
            var ranks = Alive().Where(worker => worker.Member.Position.Step == Spec.TotalSteps);
            return new Outcome([.. ranks.Select(worker => worker.StateHash())], checkpoint, _lead.Ledger);
        }
        catch (Exception fault)
        {
            lock (_gate) throw new InvalidOperationException($"{fault.Message}\n{string.Join('\n', _trace)}", fault);
        }
    }

    /// <summary>A rank has come to a moment of its work; the schedule may have something for it there.</summary>
    public async Task MeetAsync(InProcessWorker worker, Moment moment, long step)
    {
        if (worker.IsGone || _completed.Task.IsCompleted || _schedule.Take(moment, step) is not { } strike) return;
        Interlocked.Increment(ref _struck);
        Trace($"{worker.Incarnation}: {moment} {step}: {strike.Blow}");
        var others = Alive().Where(other => other != worker).ToList();
        var other = others.Count > 0 ? others[strike.Other % others.Count] : worker;
        await DoAsync(() => DealAsync(strike.Blow, worker, other));
    }

    public void Hear(InProcessWorker worker, WorkerReport report) => _lead.Hear(worker, report);

    public void Gone(InProcessWorker worker) => _lead.Gone(worker);

    public IReadOnlyList<InProcessWorker> Alive()
    {
        lock (_gate) return [.. _workers.Where(worker => !worker.IsGone)];
    }

    public void Complete(CheckpointWritten checkpoint) => _completed.TrySetResult(checkpoint);

    public void Fail(string message) => _completed.TrySetException(new InvalidOperationException(message));

    public void Trace(string what)
    {
        lock (_gate) _trace.Add(what);
    }

    /// <summary>A worker's process ends because it was expelled; another one is started when it was the last.</summary>
    public void Expel(InProcessWorker worker, string reason)
    {
        lock (_gate) _expelled.Add((worker.Incarnation, worker.Member.Position.Step, reason));
        _ = Task.Run(() => DoAsync(worker.KillAsync));
    }

    /// <summary>All have halted, because all were asked to leave: the run is resumed.</summary>
    public Task ResumeAsync() => DoAsync(async () =>
    {
        foreach (var worker in Alive()) await worker.KillAsync();
        _lead.Restart();
    });

    public async ValueTask DisposeAsync()
    {
        await _lead.DisposeAsync();
        List<InProcessWorker> all;
        lock (_gate) all = [.. _workers];
        foreach (var worker in all) await worker.DisposeAsync();
    }

    /// <summary>Does something to the workers, and starts another one when none is left. Whoever it is done to would not tell of a fault.</summary>
    private async Task DoAsync(Func<Task> what)
    {
        try
        {
            await what();
            if (Alive().Count == 0) await StartWorkerAsync(null);
        }
        catch (Exception fault)
        {
            Fail($"harness: {fault}");
        }
    }

    private async Task DealAsync(Blow blow, InProcessWorker worker, InProcessWorker other)
    {
        switch (blow)
        {
            case Blow.KillSelf:
                await worker.KillAsync();
                break;
            case Blow.KillOther:
                await other.KillAsync();
                break;
            case Blow.KillBoth:
                await Task.WhenAll(worker.KillAsync(), other.KillAsync());
                break;
            case Blow.KillAll:
                await Task.WhenAll(Alive().Select(one => one.KillAsync()));
                break;
            case Blow.Rejoin:
                await worker.KillAsync();
                await StartWorkerAsync(worker.Name);
                break;
            case Blow.Join or Blow.JoinTwo:
                for (var i = 0; i <= blow - Blow.Join; i++) await StartWorkerAsync(null);
                break;
            case Blow.Leave:
                worker.Leave();
                break;
            case Blow.LeaveOther:
                other.Leave();
                break;
            case Blow.LoseCoordinator:
                _lead.Restart();
                break;
            case Blow.Admit:
                await _lead.FormedWithAsync((await StartWorkerAsync(null))!);
                break;
        }
    }

    private async Task<InProcessWorker?> StartWorkerAsync(string? name)
    {
        int number;
        lock (_gate) number = ++_started;
        if (number > MostStarted && Alive().Count > 0) return null;
        var process = await _stage.ProcessAsync(Spec, _shards.Training, _shards.Validation);
        name ??= $"w{number}";
        var worker = new InProcessWorker(this, name, $"{name}#{number}", process);
        lock (_gate) _workers.Add(worker);
        _lead.Come(worker);
        return worker;
    }
}
