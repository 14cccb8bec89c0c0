namespace MiniMind.Coordinator.Generations;

/// <summary>
/// Decides when a new generation starts and who is in it: a pure function of what is known. A failure starts one at once; a worker that joins or
/// leaves waits for the next step boundary, and so do lanes that move from a slow worker to a fast one. The largest mutually reachable set wins, ties to
/// the oldest.
/// </summary>
public static class GenerationRule
{
    private static readonly Decision Unchanged = Decision.Keep("nothing changed");

    public static Decision Decide(ClusterView view, GenerationOptions options)
    {
        var decision = DecideMembers(view, options);
        if (!decision.Form || view.Lanes == 0 || decision.Shares.Count > 0) return decision;
        return decision with { Shares = SharesOf(view, options, decision.Members, HasState(view, decision)) };
    }

    /// <summary>
    /// Who need not copy the state first in a generation of this decision: also whoever computes, however long ago it was heard, unless it still was to copy it.
    /// </summary>
    private static Func<WorkerView, bool> HasState(ClusterView view, Decision decision)
    {
        var carriers = Carriers(view, [.. decision.Members]);
        var computing = view.Members.Where((_, index) => view.Shares.Count == 0 || view.Shares[index] > 0).ToList();
        return worker => carriers.Contains(worker) || (decision.AtBoundary && worker.Entered) || (!worker.IsEmpty && computing.Any(member => Is(worker, member)));
    }

    /// <summary>Who has to copy the state first gets no lanes: the others go on computing meanwhile.</summary>
    private static int[] SharesOf(ClusterView view, GenerationOptions options, IReadOnlyList<WorkerView> ranks, Func<WorkerView, bool> hasState)
    {
        var ready = ranks.Where(hasState).ToList();
        var shares = LaneShares.Choose(view.Lanes, TimesOf(ready), options.Rebalancing.Gain);
        return [.. ranks.Select(worker => ready.IndexOf(worker) is >= 0 and var index ? shares[index] : 0)];
    }

    private static Decision DecideMembers(ClusterView view, GenerationOptions options)
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
        // First of all: those who leave must know that it is theirs to write.
        if (view.CheckpointIsLost) return new Decision(true, Present(view, available), true, "the newest checkpoint was lost with its writer");
        return going.All(worker => worker.Leaving) ? AllLeave(view, options) : AtBoundary(view, options, going);
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

    private static Decision AtBoundary(ClusterView view, GenerationOptions options, IReadOnlyList<WorkerView> staying)
    {
        var joining = staying.Where(worker => !view.Members.Any(member => Is(worker, member))).ToList();
        var leaving = view.Members.Where(member => !staying.Any(worker => Is(worker, member))).ToList();
        var ranks = InRankOrder(view, staying);
        if (joining.Count == 0 && leaving.Count == 0)
            return Is(ranks[0], view.Members[0]) ? MoveLanes(view, options, ranks) : new Decision(true, ranks, true, $"{ranks[0].Worker} writes checkpoints");
        // Someone who is merely unreachable for a newcomer must not be thrown out for it.
        var unwilling = leaving.Where(member => !view.Workers.Any(worker => Is(worker, member) && worker.Leaving)).ToList();
        if (unwilling.Count > 0) return Decision.Keep($"{unwilling[0].Worker} and a newcomer cannot reach each other");
        var reasons = joining.Select(worker => $"{worker.Worker} joins").Concat(leaving.Select(member => $"{member.Worker} leaves"));
        return new Decision(true, ranks, true, string.Join(", ", reasons));
    }

    /// <summary>Lanes go to whoever copies the state in the present step; beyond that they move from slow to fast ranks.</summary>
    private static Decision MoveLanes(ClusterView view, GenerationOptions options, List<WorkerView> ranks)
    {
        if (view.Lanes == 0) return Unchanged;
        var shares = view.Shares.Count > 0 ? view.Shares : LaneShares.Even(view.Lanes, ranks.Count);
        int[] present = [.. ranks.Select(worker => shares[view.Members.TakeWhile(member => !Is(worker, member)).Count()])];
        var next = SharesOf(view, options, ranks, worker => worker.Entered || present[ranks.IndexOf(worker)] > 0);
        if (next.Count(share => share > 0) <= present.Count(share => share > 0)) return Rebalance(view, options.Rebalancing, ranks, present);
        var idle = Enumerable.Range(0, ranks.Count).First(rank => present[rank] == 0 && next[rank] > 0);
        return new Decision(true, ranks, true, $"{ranks[idle].Worker} copies the state: lanes {Words(present)} -> {Words(next)}") { Shares = next };
    }

    /// <summary>Lanes move when that makes the step clearly faster, and enough is known to say so.</summary>
    private static Decision Rebalance(ClusterView view, RebalancingOptions options, List<WorkerView> ranks, int[] present)
    {
        // Looked at once in so many steps: verdicts that rest on other measurements flap less, and cost less.
        if (view.MeasuredSteps == 0 || view.MeasuredSteps % options.Steps > 0 || view.SinceFormed < options.Interval) return Unchanged;
        // Who still copies the state gets its lanes when it has it.
        if (Enumerable.Range(0, ranks.Count).Any(rank => present[rank] == 0 && !ranks[rank].Entered)) return Unchanged;
        var times = TimesOf(ranks);
        var slowest = LaneShares.Slowest(present, times);
        if (slowest <= options.Gain * LaneShares.LeastTime(view.Lanes, times)) return Unchanged;
        var better = LaneShares.Choose(view.Lanes, times, options.Gain);
        if (slowest <= options.Gain * LaneShares.Slowest(better, times)) return Unchanged;
        var last = Enumerable.Range(0, ranks.Count).MaxBy(rank => present[rank] * times[rank]);
        var why = times[last] > times.Order().First() * options.Gain ? "is slow" : "is no longer faster than others";
        var reason = $"{ranks[last].Worker} {why}: lanes {Words(present)} -> {Words(better)}";
        return new Decision(true, ranks, true, reason) { Shares = better };
    }

    private static string Words(IReadOnlyList<int> shares) => string.Join(" + ", shares);

    /// <summary>Seconds per lane. Who was not measured yet counts as one in the middle.</summary>
    private static double[] TimesOf(IReadOnlyList<WorkerView> workers)
    {
        var known = workers.Select(worker => worker.LaneSeconds).OfType<double>().Order().ToList();
        var middle = known.Count > 0 ? known[(known.Count - 1) / 2] : 1;
        return [.. workers.Select(worker => worker.LaneSeconds ?? middle)];
    }

    /// <summary>
    /// Present members keep their order, newcomers follow by age: so the writer of checkpoints changes as rarely as possible. Who failed to write one goes behind those who did
    /// not, or did so longer ago.
    /// </summary>
    private static List<WorkerView> InRankOrder(ClusterView view, IReadOnlyList<WorkerView> staying)
    {
        var present = Present(view, staying);
        return [.. present.Concat(staying.Except(present)).OrderBy(worker => worker.FailedCheckpoint)];
    }

    private static List<WorkerView> Present(ClusterView view, IReadOnlyList<WorkerView> staying) =>
        [.. view.Members.Select(member => staying.FirstOrDefault(worker => Is(worker, member))).OfType<WorkerView>()];

    private static bool IsPresent(WorkerView worker, GenerationOptions options) => worker.Connected && worker.SilentFor <= options.Silence;

    private static bool Is(WorkerView worker, (string Worker, string Incarnation) member) =>
        worker.Worker == member.Worker && worker.Incarnation == member.Incarnation;
}
