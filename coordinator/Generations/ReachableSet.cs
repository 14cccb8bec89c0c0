namespace MiniMind.Coordinator.Generations;

/// <summary>The largest set of workers of which every two reach each other.</summary>
public static class ReachableSet
{
    /// <param name="workers">Oldest first.</param>
    /// <param name="unreachable">Pairs of names that cannot reach each other.</param>
    /// <returns>The largest set, ties to the oldest workers; oldest first.</returns>
    public static IReadOnlyList<WorkerView> Largest(
        IReadOnlyList<WorkerView> workers, IReadOnlyCollection<(string One, string Other)> unreachable)
    {
        if (workers.Count == 0 || unreachable.Count == 0) return workers;
        // Branches on the worker with the most broken pairs: either it goes, or all that it cannot reach go. Few pairs are broken
        // at any time, so the search is short.
        var worst = workers
            .Select(worker => (Worker: worker, Broken: workers.Where(other => Apart(worker, other, unreachable)).ToList()))
            .MaxBy(entry => entry.Broken.Count);
        if (worst.Broken.Count == 0) return workers;
        var without = Largest([.. workers.Where(worker => worker != worst.Worker)], unreachable);
        var with = Largest([.. workers.Except(worst.Broken)], unreachable);
        if (with.Count != without.Count) return with.Count > without.Count ? with : without;
        return Older(with, without) ? with : without;
    }

    /// <summary>The largest set with at least one of the given workers in it; empty when none of them is there.</summary>
    public static IReadOnlyList<WorkerView> Largest(
        IReadOnlyList<WorkerView> workers, IReadOnlyCollection<(string One, string Other)> unreachable, IReadOnlyCollection<WorkerView> oneOf)
    {
        IReadOnlyList<WorkerView> best = [];
        // Whoever reaches all of a set stays in its largest part.
        foreach (var worker in workers.Where(oneOf.Contains))
        {
            var set = Largest([.. workers.Where(other => !Apart(worker, other, unreachable))], unreachable);
            if (set.Count > best.Count || (set.Count == best.Count && !Older(best, set))) best = set;
        }
        return best;
    }

    private static bool Older(IReadOnlyList<WorkerView> one, IReadOnlyList<WorkerView> other)
    {
        for (var i = 0; i < one.Count; i++)
            if (one[i].Age != other[i].Age) return one[i].Age < other[i].Age;
        return true;
    }

    private static bool Apart(WorkerView one, WorkerView other, IReadOnlyCollection<(string One, string Other)> unreachable) =>
        one != other && (unreachable.Contains((one.Worker, other.Worker)) || unreachable.Contains((other.Worker, one.Worker)));
}
