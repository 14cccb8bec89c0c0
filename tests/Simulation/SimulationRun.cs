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
        ValidationInterval = 9, CheckpointInterval = 6, SpotCheckInterval = 6,
        Group = new GroupOptions(ChunkLength: 100, PeerDeadline: TimeSpan.FromSeconds(4), FirstDeadline: TimeSpan.FromSeconds(30)),
    };

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly List<SimulatedWorker> _workers = [];
    private readonly List<SimulatedCoordinator> _coordinators = [];
    private int _incarnations;
    private string? _failure;
    private bool _powerIsOff;

    public SimulationRun(int seed, TextWriter? trace)
    {
        World = new VirtualWorld(seed, trace);
        Network = new SimulatedNetwork(World);
        Invariants = new Invariants(this);
        ExpectedWorkers = 1 + World.Random.Next(4);
    }

    public VirtualWorld World { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedStore Store { get; } = new();

    public Invariants Invariants { get; }

    /// <summary>It is the one that all others are compared with.</summary>
    public bool IsReference { get; private init; }

    public SimulatedCoordinator? Coordinator { get; private set; }

    public int ExpectedWorkers { get; }

    public int Generations { get; set; }

    public int PowerCuts { get; private set; }

    /// <summary>Generations that were formed because lanes move from a slow worker to a fast one.</summary>
    public int LaneMoves { get; set; }

    public IReadOnlyList<SimulatedWorker> Workers => _workers;

    /// <summary>Names that two processes have had at once.</summary>
    public HashSet<string> Contested { get; } = [];

    public IEnumerable<SimulatedWorker> Alive => _workers.Where(worker => worker.Process.Alive);

    /// <summary>Runs the schedule of a seed.</summary>
    /// <returns>Null when every invariant held, else what was broken.</returns>
    public static string? Judge(int seed, TextWriter? trace, out SimulationRun run)
    {
        run = new SimulationRun(seed, trace);
        try
        {
            return run.Run();
        }
        catch (Exception fault)
        {
            return $"an event ended with {fault}";
        }
    }

    /// <summary>Nothing happens while there is no power.</summary>
    public void StartCoordinator()
    {
        if (_powerIsOff) return;
        if (Store.Disk.Stopped) Store.Disk.Restart();
        Coordinator = new SimulatedCoordinator(this, ++_incarnations);
        _coordinators.Add(Coordinator);
    }

    /// <summary>Starts another coordinator beside one that stands still, unless that has happened already.</summary>
    public void ReplaceCoordinator(SimulatedCoordinator frozen)
    {
        if (Coordinator == frozen && frozen.Process is { Alive: true, Frozen: true } && !Store.Disk.Stopped) StartCoordinator();
    }

    /// <summary>Nothing happens while there is no power, or when there is one of that name.</summary>
    /// <param name="beside">The one of that name that is allowed.</param>
    public void StartWorker(string name, SimulatedWorker? beside = null)
    {
        if (_powerIsOff || Alive.Any(worker => worker.Name == name && worker != beside)) return;
        if (beside is not null) Contested.Add(name);
        _workers.Add(new SimulatedWorker(this, name, ++_incarnations));
    }

    /// <summary>Lets the coordinator's process die within one of the next writes to its disk.</summary>
    /// <param name="units">Bytes and other operations until then.</param>
    /// <param name="everything">All die with it, and what was not flushed may be lost.</param>
    public void BreakDiskAfter(long units, bool everything)
    {
        Store.Disk.Stopping = everything ? CutPower : () =>
        {
            KillCoordinators();
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
        KillEverybody();
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
        KillEverybody();
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

    private string? Run()
    {
        StartCoordinator();
        for (var i = 0; i < ExpectedWorkers; i++) StartWorker($"w{i}");
        FaultSchedule.Plan(this);
        var completed = World.Run(() => _failure is not null || Store.Completed, Limit);
        if (_failure is not null) return _failure;
        if (!completed) return $"no progress: {Store.Ledger.Count} of {Options.TotalSteps} steps after {Limit.TotalMinutes} virtual minutes";
        return Invariants.AtEnd() ?? CheckReplicas();
    }

    /// <summary>The ledger and the validations of a run that nothing disturbs.</summary>
    internal static (IReadOnlyList<LedgerEntry> Ledger, IReadOnlyDictionary<long, TailSums> Validations) Undisturbed()
    {
        var run = new SimulationRun(0, null) { IsReference = true };
        run.StartCoordinator();
        run.StartWorker("w0");
        if (!run.World.Run(() => run.Store.Completed || run._failure is not null, Limit) || run._failure is not null)
            throw new InvalidOperationException($"the undisturbed run failed: {run._failure ?? "no progress"}");
        var ledger = run.Store.Ledger;
        if (!ledger[^1].WeightsDigest.Span.SequenceEqual(ToyMath.DigestOf(ToyMath.Expected(Options.TotalSteps, Lanes))))
            throw new InvalidOperationException("the undisturbed run ended with other weights than those of the definition");
        return (ledger, run.Invariants.Validations);
    }

    private void KillEverybody()
    {
        foreach (var worker in Alive) worker.Process.Kill();
        KillCoordinators();
    }

    private void KillCoordinators()
    {
        foreach (var coordinator in _coordinators) coordinator.Process.Kill();
        _coordinators.Clear();
    }

    private string? CheckReplicas()
    {
        foreach (var worker in Alive.Where(worker => worker.Member.Position.Step == Options.TotalSteps))
            if (!worker.Replica.WeightsDigest().AsSpan().SequenceEqual(Reference.Ledger[^1].WeightsDigest.Span))
                return $"{worker.Name} ended with other weights";
        return null;
    }
}
