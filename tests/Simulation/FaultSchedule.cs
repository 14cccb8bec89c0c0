namespace MiniMind.Simulation;

/// <summary>Draws a schedule of faults from the world's seed, and at its end mends everything, so that progress can be demanded.</summary>
internal static class FaultSchedule
{
    /// <param name="Weight">How often it is drawn, beside the others.</param>
    /// <param name="OfNetwork">It makes processes unreachable that live.</param>
    /// <param name="Strike">Does it; the worker is one by chance, null when none is alive.</param>
    private sealed record Fault(int Weight, bool OfNetwork, Action<SimulationRun, SimulatedWorker?> Strike);

    private static readonly Fault[] All =
    [
        new(2, false, (_, victim) => victim?.Process.Kill()),
        new(1, false, KillAndRestart),
        new(1, false, (run, _) => Join(run)),
        new(1, false, (_, victim) => victim?.Leave()),
        new(1, true, Freeze),
        new(1, true, Replace),
        new(2, true, CutSomething),
        new(1, true, (run, _) => run.Network.Heal()),
        new(1, true, ResetLinks),
        new(1, true, Part),
        new(1, true, (run, _) => run.Network.DamagesNextState = true),
        new(1, true, (run, _) => run.Network.SlowDown(run.World.Delay(100, 5000))),
        new(1, false, (run, victim) => victim?.Reconnect()),
        new(2, false, KillCoordinator),
        new(1, false, (run, _) => FreezeCoordinator(run)),
        new(1, false, (run, _) => FreezeAndReplaceCoordinator(run)),
        new(1, false, (_, victim) => victim?.Process.Schedule(TimeSpan.Zero, victim.Member.CheckpointNow)),
        new(1, false, Hang),
        new(1, false, (_, victim) => FillDisk(victim)),
        new(1, false, (run, _) => KillAll(run)),
        new(1, false, (run, _) => run.CutPower()),
        new(2, false, (run, _) => run.BreakDiskAfter(run.World.Random.Next(6000), everything: run.World.Random.Next(2) == 0)),
        new(1, false, (_, victim) => Flip(victim)),
        new(1, false, Stop),
    ];

    private static readonly Fault[] WithoutNetwork = [.. All.Where(fault => !fault.OfNetwork)];

    public static void Plan(SimulationRun run)
    {
        var random = run.World.Random;
        // Where everybody can be reached, more is promised.
        var drawn = random.Next(4) == 0 ? WithoutNetwork : All;
        var faults = random.Next(12);
        var end = TimeSpan.Zero;
        for (var i = 0; i < faults; i++)
        {
            // Often close together: a stage that nothing disturbs takes little more than a second.
            end += run.World.Delay(10, random.Next(4) == 0 ? 1500 : 250);
            run.World.Schedule(null, end, () => Strike(run, drawn));
        }
        run.World.Schedule(null, end + TimeSpan.FromSeconds(1), () => Mend(run));
    }

    private static void Strike(SimulationRun run, Fault[] drawn)
    {
        var chance = run.World.Random.Next(drawn.Sum(fault => fault.Weight));
        var alive = run.Alive.ToList();
        var victim = alive.Count > 0 ? alive[run.World.Random.Next(alive.Count)] : null;
        drawn.First(fault => (chance -= fault.Weight) < 0).Strike(run, victim);
    }

    private static void KillAndRestart(SimulationRun run, SimulatedWorker? victim)
    {
        if (victim is null) return;
        victim.Process.Kill();
        run.World.Schedule(null, run.World.Delay(1, 3000), () => run.StartWorker(victim.Name));
    }

    private static void Join(SimulationRun run)
    {
        if (run.Workers.Count < 12) run.StartWorker($"w{run.Workers.Count}");
    }

    private static void Freeze(SimulationRun run, SimulatedWorker? victim)
    {
        if (victim is null) return;
        victim.Process.Freeze();
        run.World.Schedule(null, run.World.Delay(100, 8000), victim.Process.Thaw);
    }

    /// <summary>Whoever starts workers takes one that stands still for dead, and starts another of its name. A little later the old one wakes up, and is killed at last.</summary>
    private static void Replace(SimulationRun run, SimulatedWorker? victim)
    {
        if (victim is null) return;
        victim.Process.Freeze();
        var replaced = run.World.Delay(10, 2000);
        run.World.Schedule(null, replaced, () => run.StartWorker(victim.Name, beside: victim));
        var thawed = replaced + run.World.Delay(10, 3000);
        run.World.Schedule(null, thawed, victim.Process.Thaw);
        run.World.Schedule(null, thawed + run.World.Delay(10, 2000), victim.Process.Kill);
    }

    private static void CutSomething(SimulationRun run, SimulatedWorker? victim)
    {
        if (victim is null) return;
        var random = run.World.Random;
        var others = run.Alive.Select(worker => worker.Name).Append("coordinator").Where(name => name != victim.Name).ToList();
        var other = others[random.Next(others.Count)];
        var ways = random.Next(3);
        if (ways != 1) run.Network.Cut(victim.Name, other);
        if (ways != 0) run.Network.Cut(other, victim.Name);
    }

    private static void ResetLinks(SimulationRun run, SimulatedWorker? victim)
    {
        if (victim is null) return;
        var alive = run.Alive.ToList();
        run.Network.Reset(victim.Name, alive[run.World.Random.Next(alive.Count)].Name);
    }

    private static void Part(SimulationRun run, SimulatedWorker? victim)
    {
        var names = run.Alive.Select(worker => worker.Name).Append("coordinator").OrderBy(_ => run.World.Random.Next()).ToList();
        var half = run.World.Random.Next(names.Count);
        run.Network.Part(names[..half], names[half..]);
    }

    private static void KillCoordinator(SimulationRun run, SimulatedWorker? victim)
    {
        run.Coordinator!.Process.Kill();
        run.World.Schedule(null, run.World.Delay(1, 4000), run.RestartCoordinator);
    }

    private static void Stop(SimulationRun run, SimulatedWorker? victim)
    {
        run.Coordinator!.Stop(run.World.Random.Next(2) == 0 ? null : victim?.Name);
        // Whoever leads next knows nothing of it.
        if (run.World.Random.Next(3) == 0) run.World.Schedule(null, run.World.Delay(1, 500), () => KillCoordinator(run, victim));
    }

    private static void FreezeCoordinator(SimulationRun run)
    {
        var coordinator = run.Coordinator!;
        coordinator.Process.Freeze();
        run.World.Schedule(null, run.World.Delay(100, 6000), coordinator.Process.Thaw);
    }

    /// <summary>Another one takes over, as where there are several; then the old one wakes up, and does not know.</summary>
    private static void FreezeAndReplaceCoordinator(SimulationRun run)
    {
        var coordinator = run.Coordinator!;
        if (!coordinator.Process.Alive) return;
        coordinator.Process.Freeze();
        var replaced = run.World.Delay(10, 2000);
        run.World.Schedule(null, replaced, () => run.ReplaceCoordinator(coordinator));
        run.World.Schedule(null, replaced + run.World.Delay(10, 3000), coordinator.Process.Thaw);
    }

    private static void Hang(SimulationRun run, SimulatedWorker? victim)
    {
        if (victim is not null && victim.Replica.Hang != ToyReplica.ForGood) victim.Replica.Hang = run.World.Random.Next(3) == 0 ? ToyReplica.ForGood : run.World.Delay(100, 20000);
    }

    private static void FillDisk(SimulatedWorker? victim)
    {
        if (victim is not null) victim.Replica.DiskIsFull = true;
    }

    private static void Flip(SimulatedWorker? victim)
    {
        if (victim is not null) victim.Replica.FlipsNext = true;
    }

    private static void KillAll(SimulationRun run)
    {
        foreach (var worker in run.Alive.ToList()) worker.Process.Kill();
    }

    private static void Mend(SimulationRun run)
    {
        run.World.Trace("schedule", "faults stop");
        run.Network.Heal();
        foreach (var worker in run.Alive.Where(worker => worker.Process.Frozen)) worker.Process.Thaw();
        if (run.Coordinator!.Process is { Alive: true, Frozen: true } coordinator) coordinator.Thaw();
        run.Store.Disk.GoOn();
        run.RestartCoordinator();
        KeepSomebody(run);
    }

    /// <summary>Somebody must be left to go on.</summary>
    private static void KeepSomebody(SimulationRun run) => run.World.Schedule(null, TimeSpan.FromSeconds(5), () =>
    {
        if (run.Alive.All(worker => worker.Replica.Hang == ToyReplica.ForGood)) run.StartWorker($"w{run.Workers.Count}");
        KeepSomebody(run);
    });
}
