namespace MiniMind.Simulation;

/// <summary>Many schedules, each in a world of its own, on all processors.</summary>
internal static class Schedules
{
    /// <param name="Count">Schedules.</param>
    /// <param name="Broken">Seeds that broke an invariant, and how to replay each.</param>
    /// <param name="Generations">Generations of all schedules.</param>
    /// <param name="PowerCuts">Power cuts of all schedules.</param>
    /// <param name="LaneMoves">Generations of all schedules that gave a slow worker fewer lanes, or a fast one more.</param>
    public sealed record Summary(int Count, IReadOnlyList<string> Broken, long Generations, long PowerCuts, long LaneMoves)
    {
        public override string ToString() => $"{Count - Broken.Count:N0} of {Count:N0} schedules held ({Generations:N0} generations, {PowerCuts:N0} power cuts)";
    }

    /// <summary>Runs the seeds one after another, until one breaks an invariant.</summary>
    /// <returns>Which one breaks what; null when all hold.</returns>
    public static string? FirstBroken(int first, int last)
    {
        for (var seed = first; seed <= last; seed++)
            if (SimulationRun.Judge(seed, null, out _) is { } failure) return $"seed {seed}: {failure}";
        return null;
    }

    /// <summary>Runs the seeds from <paramref name="first"/> to <paramref name="last"/>.</summary>
    /// <param name="told">Hears of every failure, and now and then how far it is.</param>
    public static Summary Run(int first, int last, Action<string>? told = null)
    {
        var count = last - first + 1;
        var every = Math.Max(1000, count / 20);
        var (gate, broken) = (new Lock(), new SortedDictionary<int, string>());
        long generations = 0, powerCuts = 0, laneMoves = 0;
        var done = 0;
        Parallel.For(first, last + 1, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var failure = SimulationRun.Judge(seed, null, out var run);
            lock (gate)
            {
                generations += run.Generations;
                powerCuts += run.PowerCuts;
                laneMoves += run.LaneMoves;
                if (failure is not null) told?.Invoke(broken[seed] = $"seed {seed}: {failure.Split('\n')[0]}  (replay: dotnet run -c Release --project tests/Simulation -- {seed})");
                if (++done % every == 0 && done < count) told?.Invoke($"{done:N0} of {count:N0} schedules, {broken.Count} broken");
            }
        });
        return new Summary(count, [.. broken.Values], generations, powerCuts, laneMoves);
    }
}
