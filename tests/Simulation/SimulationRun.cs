using MiniMind.Collectives.Membership;
using MiniMind.Protos;
using MiniMind.Simulation.PowerCuts;

namespace MiniMind.Simulation;

/// <summary>
/// One seeded schedule of joins, leaves, crashes, delays and partitions over the production membership, reduction and step logic, and the
/// judgement of its outcome.
/// </summary>
internal sealed class SimulationRun
{
    public const int Lanes = 8;

    /// <summary>The stage that every schedule trains.</summary>
    public static readonly MemberOptions Options = new()
    {
        StageIndex = 0, Stage = "toy", RunId = "simulation", Lanes = Lanes, TotalSteps = 24, Samples = step => ((step - 1) * Lanes, step * Lanes),
        ValidationInterval = 9, CheckpointInterval = 6, SpotCheckInterval = 3,
        Group = new GroupOptions(ChunkLength: 50, PeerDeadline: TimeSpan.FromSeconds(4), FirstDeadline: TimeSpan.FromSeconds(30)),
    };

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly List<SimulatedWorker> _workers = [];
    private readonly Dictionary<long, TailSums> _validations = [];
    private int _incarnations;
    private string? _failure;
    private bool _powerIsOff;
    private bool _isReference;

    public SimulationRun(int seed, TextWriter? trace)
    {
        World = new VirtualWorld(seed, trace);
        Network = new SimulatedNetwork(World);
        ExpectedWorkers = 1 + World.Random.Next(4);
    }

    public VirtualWorld World { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedStore Store { get; } = new();

    public SimulatedCoordinator? Coordinator { get; private set; }

    public int ExpectedWorkers { get; }

    public int Generations { get; set; }

    public int PowerCuts { get; private set; }

    /// <summary>Generations that were formed because lanes move from a slow worker to a fast one.</summary>
    public int LaneMoves { get; set; }

    public IReadOnlyList<SimulatedWorker> Workers => _workers;

    public IEnumerable<SimulatedWorker> Alive => _workers.Where(worker => worker.Process.Alive);

    /// <summary>Runs the schedule of a seed.</summary>
    /// <returns>Null when every promise held, else what was broken.</returns>
    public static string? Judge(int seed, TextWriter? trace, out SimulationRun run)
    {
        run = new SimulationRun(seed, trace);
        return run.Run();
    }

    /// <summary>Nothing happens while there is no power.</summary>
    public void StartCoordinator()
    {
        if (_powerIsOff) return;
        if (Store.Disk.Stopped) Store.Disk.Restart();
        Coordinator = new SimulatedCoordinator(this, ++_incarnations);
    }

    /// <summary>Nothing happens while there is no power, or when there is one of that name.</summary>
    public void StartWorker(string name)
    {
        if (!_powerIsOff && Alive.All(worker => worker.Name != name)) _workers.Add(new SimulatedWorker(this, name, ++_incarnations));
    }

    /// <summary>Lets the coordinator's process die within one of the next writes to its disk.</summary>
    /// <param name="units">Bytes and other operations until then.</param>
    /// <param name="everything">All die with it, and what was not flushed may be lost.</param>
    public void BreakDiskAfter(long units, bool everything)
    {
        Store.Disk.Stopping = everything ? CutPower : () =>
        {
            Coordinator!.Process.Kill();
            World.Schedule(null, World.Delay(1, 4000), RestartCoordinator);
        };
        Store.Disk.StopAfter(units);
    }

    /// <summary>All die; a little later the power is back, and the run is resumed.</summary>
    public void CutPower()
    {
        if (_powerIsOff) return;
        World.Trace("power", "cut");
        _powerIsOff = true;
        Store.Disk.Stop();
        foreach (var worker in Alive) worker.Process.Kill();
        Coordinator!.Process.Kill();
        World.Schedule(null, World.Delay(10, 2000), () =>
        {
            World.Trace("power", "back");
            _powerIsOff = false;
            PowerCuts++;
            Store.Disk.CutPower(World.Random);
            StartCoordinator();
            for (var i = 0; i < ExpectedWorkers; i++) StartWorker($"w{i}");
        });
    }

    public void RestartCoordinator()
    {
        if (!Coordinator!.Process.Alive) StartCoordinator();
    }

    /// <summary>Something that a worker has the coordinator do with its disk; when the coordinator dies meanwhile, once more.</summary>
    public async Task<T> WithStoreAsync<T>(SimulatedProcess process, Func<Task<T>> call)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (DiskStoppedException) when (process.Alive)
            {
                await Task.Delay(World.Delay(100, 600), process.Time, CancellationToken.None);
            }
        }
    }

    /// <summary>The run has ended in order, or because no checkpoint can be written; its user resumes it a little later.</summary>
    public void EndAndResume()
    {
        foreach (var worker in Alive) worker.Process.Kill();
        Coordinator!.Process.Kill();
        World.Schedule(null, World.Delay(10, 2000), () =>
        {
            RestartCoordinator();
            StartWorker("w0");
        });
    }

    public void Fail(string message)
    {
        World.Trace("FAILURE", message);
        _failure ??= message;
    }

    /// <summary>
    /// Nobody may begin from a checkpoint while somebody's state is ahead of it, unless that one cannot be reached, hangs or is stopped.
    /// </summary>
    public void CheckRestore(SimulatedProcess restorer, long step)
    {
        if (Network.WasDisturbed) return;
        var ahead = Alive.FirstOrDefault(worker => worker.Process != restorer && !worker.Process.Disturbed && worker.Replica.Hang == TimeSpan.Zero
            && worker.Member.Position.Step > step);
        if (ahead is not null) Fail($"{restorer.Name} begins from step {step} although {ahead.Name} stands at {ahead.Member.Position.Step}");
    }

    /// <summary>A step that is committed is that of an undisturbed run, whenever it is.</summary>
    public void CheckCommitted(LedgerEntry entry)
    {
        if (!_isReference && entry.Hash != Reference.Ledger[(int)entry.Step - 1].Hash) Fail($"step {entry.Step} was committed with another result than in an undisturbed run");
    }

    public void CheckValidation(Validated validated)
    {
        if (_validations.TryAdd(validated.Step, validated.Sums)) return;
        if (!_validations[validated.Step].Equals(validated.Sums)) Fail($"validation of step {validated.Step} gave two results");
    }

    private string? Run()
    {
        StartCoordinator();
        for (var i = 0; i < ExpectedWorkers; i++) StartWorker($"w{i}");
        FaultSchedule.Plan(this);
        var completed = World.Run(() => _failure is not null || Store.Completed, Limit);
        if (_failure is not null) return _failure;
        if (!completed) return $"no progress: {Store.Ledger.Count} of {Options.TotalSteps} steps after {Limit.TotalMinutes} virtual minutes";
        return CheckLedger() ?? CheckReplicas();
    }

    private string? CheckLedger()
    {
        var ledger = Store.Ledger;
        if (ledger.Count != Options.TotalSteps) return $"the ledger has {ledger.Count} entries, expected {Options.TotalSteps}";
        for (var i = 0; i < ledger.Count; i++)
        {
            var entry = ledger[i];
            if (entry.Step != i + 1 || entry.FirstSample != i * Lanes || entry.EndSample != (i + 1) * Lanes)
                return $"entry {i} is of step {entry.Step}, samples {entry.FirstSample}..{entry.EndSample}";
            if (entry.Hash != Reference.Ledger[i].Hash) return $"the entry of step {entry.Step} differs from that of an undisturbed run";
        }
        foreach (var (step, sums) in _validations)
            if (!Reference.Validations[step].Equals(sums)) return $"validation of step {step} differs from that of an undisturbed run";
        return null;
    }

    private string? CheckReplicas()
    {
        foreach (var worker in Alive.Where(worker => worker.Member.Position.Step == Options.TotalSteps))
            if (!worker.Replica.WeightsDigest().AsSpan().SequenceEqual(Reference.Ledger[^1].WeightsDigest.Span))
                return $"{worker.Name} ended with other weights";
        return null;
    }

    /// <summary>What an undisturbed run of one worker gives.</summary>
    internal static class Reference
    {
        public static readonly IReadOnlyList<LedgerEntry> Ledger;
        public static readonly IReadOnlyDictionary<long, TailSums> Validations;

        static Reference()
        {
            var run = new SimulationRun(0, null) { _isReference = true };
            run.StartCoordinator();
            run.StartWorker("w0");
            if (!run.World.Run(() => run.Store.Completed || run._failure is not null, Limit) || run._failure is not null)
                throw new InvalidOperationException($"the undisturbed run failed: {run._failure ?? "no progress"}");
            Ledger = run.Store.Ledger;
            Validations = run._validations;
        }
    }
}
