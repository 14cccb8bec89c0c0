namespace MiniMind.Coordinator.Generations;

/// <summary>
/// Decides when a new generation starts and who is in it: a pure function of what is known. A failure starts one at once; a worker that joins or
/// leaves waits for the next step boundary. The largest mutually reachable set wins, ties to the oldest.
/// </summary>
public static class GenerationRule
{
    public static Decision Decide(ClusterView view, GenerationOptions options)
    {
        var available = view.Workers
            .Where(worker => worker.Prepared && IsPresent(worker, options) && !worker.Stalled)
            .OrderBy(worker => worker.Age)
            .ToList();
        var carriers = Carriers(view, available);
        var going = ReachableSet.Largest(available.Where(worker => !worker.Leaving).ToList(), view.Unreachable, carriers);
        // As long as nobody else has the state, those who want to leave hand it on, or checkpoint it.
        if (going.Count == 0) going = ReachableSet.Largest(available, view.Unreachable, carriers);
        var lost = view.Members.Where(member => !available.Any(worker => Is(worker, member))).ToList();

        if (view.NewerRestore && MostAdvanced(available) <= view.RestoreStep) return Decision.Keep("a newer checkpoint to start from is being completed");
        if (view.Members.Count == 0) return Start(view, options, [.. going.Where(worker => !worker.Leaving)]);
        if (going.Count == 0) return Decision.Keep("no worker is available");
        if (lost.Count > 0) return FormNow(view, going, $"lost {string.Join(", ", lost.Select(member => member.Worker))}");
        if (view.Troubled) return FormNow(view, going, "a member cannot go on");
        return going.All(worker => worker.Leaving) ? AllLeave(view, options) : AtBoundary(view, going);
    }

    /// <summary>
    /// Those who have the most advanced state, or lack at most the step in flight; everybody, when no state is ahead of the checkpoint. One of
    /// them is in every generation: nobody reads a checkpoint while somebody's state is ahead of it.
    /// </summary>
    private static List<WorkerView> Carriers(ClusterView view, List<WorkerView> available)
    {
        var best = MostAdvanced(available);
        return best <= view.RestoreStep ? available : [.. available.Where(worker => worker.Step >= best - 1)];
    }

    private static long MostAdvanced(List<WorkerView> available) => available.Select(worker => worker.Step).DefaultIfEmpty(-1).Max();

    private static Decision Start(ClusterView view, GenerationOptions options, IReadOnlyList<WorkerView> staying)
    {
        if (staying.Count >= options.ExpectedWorkers) return new Decision(true, staying, false, "all workers are here");
        if (staying.Count > 0 && view.Waiting >= options.StartPatience)
            return new Decision(true, staying, false, $"{staying.Count} of {options.ExpectedWorkers} workers came in time");
        return Decision.Keep($"{staying.Count} of {options.ExpectedWorkers} workers are here");
    }

    private static Decision AllLeave(ClusterView view, GenerationOptions options)
    {
        var coming = view.Workers.Any(worker => IsPresent(worker, options) && !worker.Leaving && !worker.Prepared);
        return coming ? Decision.Keep("those who leave wait for a successor that is preparing") : Decision.HaltAll("all workers leave");
    }

    private static Decision FormNow(ClusterView view, IReadOnlyList<WorkerView> staying, string reason) =>
        new(true, InRankOrder(view, staying), false, reason);

    private static Decision AtBoundary(ClusterView view, IReadOnlyList<WorkerView> staying)
    {
        var joining = staying.Where(worker => !view.Members.Any(member => Is(worker, member))).ToList();
        var leaving = view.Members.Where(member => !staying.Any(worker => Is(worker, member))).ToList();
        var ranks = InRankOrder(view, staying);
        if (joining.Count == 0 && leaving.Count == 0)
            return Is(ranks[0], view.Members[0]) ? Decision.Keep("nothing changed") : new Decision(true, ranks, true, $"{ranks[0].Worker} writes checkpoints");
        // Someone who is merely unreachable for a newcomer must not be thrown out for it.
        var unwilling = leaving.Where(member => !view.Workers.Any(worker => Is(worker, member) && worker.Leaving)).ToList();
        if (unwilling.Count > 0) return Decision.Keep($"{unwilling[0].Worker} and a newcomer cannot reach each other");
        var reasons = joining.Select(worker => $"{worker.Worker} joins").Concat(leaving.Select(member => $"{member.Worker} leaves"));
        return new Decision(true, ranks, true, string.Join(", ", reasons));
    }

    /// <summary>
    /// Present members keep their order, newcomers follow by age: so the writer of checkpoints changes as rarely as possible. Who failed to write one goes behind those who did
    /// not, or did so longer ago.
    /// </summary>
    private static List<WorkerView> InRankOrder(ClusterView view, IReadOnlyList<WorkerView> staying)
    {
        var present = view.Members.Select(member => staying.FirstOrDefault(worker => Is(worker, member))).OfType<WorkerView>().ToList();
        return [.. present.Concat(staying.Except(present)).OrderBy(worker => worker.FailedCheckpoint)];
    }

    private static bool IsPresent(WorkerView worker, GenerationOptions options) => worker.Connected && worker.SilentFor <= options.Silence;

    private static bool Is(WorkerView worker, (string Worker, string Incarnation) member) =>
        worker.Worker == member.Worker && worker.Incarnation == member.Incarnation;
}
