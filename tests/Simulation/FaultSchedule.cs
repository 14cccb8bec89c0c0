namespace MiniMind.Simulation;

/// <summary>Draws a schedule of faults from the world's seed, and at its end mends everything, so that progress can be demanded.</summary>
internal static class FaultSchedule
{
    public static void Plan(SimulationRun run)
    {
        var random = run.World.Random;
        var faults = random.Next(12);
        var end = TimeSpan.Zero;
        for (var i = 0; i < faults; i++)
        {
            end += run.World.Delay(10, 1500);
            run.World.Schedule(null, end, () => Strike(run));
        }
        run.World.Schedule(null, end + TimeSpan.FromSeconds(1), () => Mend(run));
    }

    private static void Strike(SimulationRun run)
    {
        var random = run.World.Random;
        var alive = run.Alive.ToList();
        var victim = alive.Count > 0 ? alive[random.Next(alive.Count)] : null;
        switch (random.Next(20))
        {
            case 0 or 1:
                victim?.Process.Kill();
                break;
            case 2:
                if (victim is null) break;
                victim.Process.Kill();
                run.World.Schedule(null, run.World.Delay(1, 3000), () => run.StartWorker(victim.Name));
                break;
            case 3:
                if (run.Workers.Count < 12) run.StartWorker($"w{run.Workers.Count}");
                break;
            case 4:
                victim?.Leave();
                break;
            case 5:
                if (victim is null) break;
                victim.Process.Freeze();
                run.World.Schedule(null, run.World.Delay(100, 8000), victim.Process.Thaw);
                break;
            case 6 or 7:
                CutSomething(run, victim);
                break;
            case 8:
                run.Network.Heal();
                break;
            case 9 or 10:
                run.Coordinator!.Process.Kill();
                run.World.Schedule(null, run.World.Delay(1, 4000), run.RestartCoordinator);
                break;
            case 12:
                victim?.Process.Schedule(TimeSpan.Zero, victim.Member.CheckpointNow);
                break;
            case 15:
                if (victim is not null) run.Network.Reset(victim.Name, alive[random.Next(alive.Count)].Name);
                break;
            case 16:
                var names = alive.Select(worker => worker.Name).Append("coordinator").OrderBy(_ => random.Next()).ToList();
                var half = random.Next(names.Count);
                run.Network.Part(names[..half], names[half..]);
                break;
            case 13:
                if (victim is not null && victim.Replica.Hang != ToyReplica.ForGood) victim.Replica.Hang = random.Next(3) == 0 ? ToyReplica.ForGood : run.World.Delay(100, 20000);
                break;
            case 14:
                if (victim is not null) victim.Replica.DiskIsFull = true;
                break;
            case 11:
                foreach (var worker in alive) worker.Process.Kill();
                break;
            case 17:
                run.CutPower();
                break;
            case 18 or 19:
                run.BreakDiskAfter(random.Next(6000), everything: random.Next(2) == 0);
                break;
        }
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

    private static void Mend(SimulationRun run)
    {
        run.World.Trace("schedule", "faults stop");
        run.Network.Heal();
        foreach (var worker in run.Alive.Where(worker => worker.Process.Frozen)) worker.Process.Thaw();
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
