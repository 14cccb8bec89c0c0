using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Generations;

/// <summary>Lanes follow the measured speed of workers, and stay where they are unless that clearly pays.</summary>
public sealed class RebalancingTests
{
    private static readonly RebalancingOptions Limits = Views.Options.Rebalancing;

    /// <param name="times">Seconds per lane of each member.</param>
    private static ClusterView Running(string members, double[] times, int[] shares)
    {
        var view = Views.View(members, members) with
        {
            Lanes = shares.Sum(),
            Shares = shares,
            MeasuredSteps = Limits.Steps,
            SinceFormed = Limits.Interval,
        };
        return view with { Workers = [.. view.Workers.Zip(times, (worker, time) => worker with { LaneSeconds = time > 0 ? time : null })] };
    }

    private static void ExpectKeep(ClusterView view) =>
        Assert.Equal((false, "nothing changed"), (GenerationRule.Decide(view, Views.Options).Form, GenerationRule.Decide(view, Views.Options).Reason));

    private static void ExpectMove(ClusterView view, string reason)
    {
        var decision = GenerationRule.Decide(view, Views.Options);
        Assert.Equal((true, true, reason), (decision.Form, decision.AtBoundary, decision.Reason));
        Assert.Equal(view.Members.Select(member => member.Worker), decision.Members.Select(worker => worker.Worker));
        Assert.Equal(reason.Split("-> ")[1], string.Join(" + ", decision.Shares));
    }

    [Fact]
    public void A_slow_worker_gives_lanes_away_at_a_boundary() =>
        ExpectMove(Running("ab", [0.1, 0.21], [8, 8]), "b is slow: lanes 8 + 8 -> 11 + 5");

    [Fact]
    public void It_gets_them_back_when_it_is_as_fast_as_the_others_again() =>
        ExpectMove(Running("ab", [0.1, 0.1], [11, 5]), "a is no longer faster than others: lanes 11 + 5 -> 8 + 8");

    [Fact]
    public void The_slowest_of_more_workers_than_lanes_becomes_the_spare() =>
        ExpectMove(Running("abc", [0.1, 0.4, 0], [1, 1, 0]).With('c', worker => worker with { Entered = true }), "b is slow: lanes 1 + 1 + 0 -> 1 + 0 + 1");

    [Fact]
    public void Lanes_stay_where_a_move_gains_little()
    {
        ExpectKeep(Running("ab", [0.1, 0.12], [8, 8]));
        ExpectKeep(Running("ab", [0.1, 0.21], [11, 5]));
        ExpectKeep(Running("ab", [0.1, 0.19], [11, 5]));
        ExpectKeep(Running("a", [0.1], [16]));
    }

    [Fact]
    public void Lanes_stay_until_enough_was_measured_since_the_last_change()
    {
        var view = Running("ab", [0.1, 0.3], [8, 8]);
        ExpectKeep(view with { MeasuredSteps = 0 });
        ExpectKeep(view with { MeasuredSteps = Limits.Steps - 1 });
        ExpectKeep(view with { MeasuredSteps = Limits.Steps + 1 });
        ExpectMove(view with { MeasuredSteps = 3 * Limits.Steps }, "b is slow: lanes 8 + 8 -> 12 + 4");
        ExpectKeep(view with { SinceFormed = Limits.Interval - TimeSpan.FromTicks(1) });
        ExpectKeep(view with { Lanes = 0 });
    }

    [Fact]
    public void A_generation_that_starts_for_another_reason_takes_the_speeds_along()
    {
        var view = Running("abc", [0.1, 0.3, 0.1], [8, 3, 5]).With('c', worker => worker with { Connected = false });
        var decision = GenerationRule.Decide(view with { MeasuredSteps = 0, SinceFormed = TimeSpan.Zero }, Views.Options);
        Assert.Equal(("lost c", false), (decision.Reason, decision.AtBoundary));
        Assert.Equal([12, 4], decision.Shares);
    }

    [Fact]
    public void Who_has_to_copy_the_state_first_gets_its_lanes_after_the_step_in_which_it_does()
    {
        var alone = Running("a", [0.1], [16]).With('a', worker => worker with { Step = 7 });
        var joins = alone with { Workers = [.. Running("ab", [0.1, 0], [16, 0]).Workers.Select(worker => worker with { Step = worker.Worker == "a" ? 7 : -1 })] };
        var decision = GenerationRule.Decide(joins, Views.Options);
        Assert.Equal(("b joins", true), (decision.Reason, decision.AtBoundary));
        Assert.Equal([16, 0], decision.Shares);

        var copying = Running("ab", [0.1, 0], [16, 0]).With('a', worker => worker with { Step = 8 }).With('b', worker => worker with { Step = -1 });
        ExpectKeep(copying);
        ExpectMove(copying.With('b', worker => worker with { Entered = true }), "b copies the state: lanes 16 + 0 -> 8 + 8");
    }

    [Fact]
    public void Who_copies_the_state_when_another_joins_gets_its_lanes_too_but_not_when_that_is_interrupted()
    {
        var copying = Running("abc", [0.1, 0, 0], [16, 0, 0]).With('a', worker => worker with { Step = 8 }).With('b', worker => worker with { Step = -1, Entered = true });
        var joins = copying.With('c', worker => worker with { Step = -1 }) with { Members = [.. copying.Members.Take(2)], Shares = [16, 0] };
        Assert.Equal([8, 8, 0], GenerationRule.Decide(joins, Views.Options).Shares);
        Assert.Equal([16, 0, 0], GenerationRule.Decide(joins with { Troubled = true }, Views.Options).Shares);
    }

    /// <summary>Lanes were promised to it for the boundary at which it would have had the state.</summary>
    [Fact]
    public void Who_was_to_copy_the_state_and_has_not_gets_no_lanes_when_another_is_lost_meanwhile()
    {
        var promised = Running("abc", [0.1, 0, 0.1], [6, 5, 5]).With('a', worker => worker with { Step = 8 }).With('c', worker => worker with { Step = 8, Connected = false });
        Assert.Equal([8, 8], GenerationRule.Decide(promised, Views.Options).Shares);
        Assert.Equal([16, 0], GenerationRule.Decide(promised.With('b', worker => worker with { IsEmpty = true }), Views.Options).Shares);
    }

    [Fact]
    public void Whoever_computes_keeps_its_lanes_however_long_ago_it_was_heard()
    {
        var view = Running("abc", [0.1, 0.1, 0.1], [6, 5, 5]).With('a', worker => worker with { Step = 20 }).With('b', worker => worker with { Step = 3 });
        var decision = GenerationRule.Decide(view.With('c', worker => worker with { Connected = false }), Views.Options);
        Assert.Equal([8, 8], decision.Shares);
    }

    [Fact]
    public void From_a_checkpoint_all_start_with_their_lanes()
    {
        var view = Running("ab", [0, 0], [16, 0]).With('a', worker => worker with { Step = 40 }).With('b', worker => worker with { Step = -1 });
        Assert.Equal([8, 8], GenerationRule.Decide(view with { RestoreStep = 40, Troubled = true }, Views.Options).Shares);
    }

    [Fact]
    public void Who_was_never_measured_counts_as_one_in_the_middle()
    {
        var view = Running("ab", [0.1, 0.5], [13, 3]) with { Workers = [.. Running("abc", [0.1, 0.5, 0], [13, 3, 0]).Workers] };
        Assert.Equal(Decide(view.With('c', worker => worker with { LaneSeconds = 0.1 })), Decide(view));
        Assert.NotEqual(Decide(view.With('c', worker => worker with { LaneSeconds = 0.5 })), Decide(view));
        Assert.Equal(LaneShares.Even(16, 3), Decide(view.With('a', worker => worker with { LaneSeconds = null }).With('b', worker => worker with { LaneSeconds = null })));

        static IReadOnlyList<int> Decide(ClusterView view) => GenerationRule.Decide(view, Views.Options).Shares;
    }

    /// <summary>Times that vary by chance, and a worker that is slow for 200 steps of 400: lanes leave it once, and come back once.</summary>
    [Fact]
    public void Lanes_do_not_move_to_and_fro_by_chance()
    {
        var time = new ManualTime();
        var controller = new StageController(new StageControllerOptions(0, Views.Options with { ExpectedWorkers = 2 }) { Lanes = 16 }, null, 0, time);
        var random = new Random(11);
        foreach (var worker in (string[])["a", "b"])
        {
            controller.Connect(new Hello { Worker = worker, Incarnation = $"{worker}#1", Endpoint = $"{worker}:1" });
            controller.Prepare(worker, $"{worker}#1", "probe");
        }
        var formed = new List<string>();
        for (var step = 1; step <= 400; step++)
        {
            var decision = controller.Decide();
            if (decision.Form)
            {
                var generation = controller.Form(decision, new StageProgress(-1, 0, new byte[32], []));
                formed.Add($"{step / 100}: {string.Join(' ', generation.Members.Select(member => member.Lanes))}");
            }
            foreach (var member in controller.Current!.Members)
            {
                var slow = member.Worker == "b" && step is >= 100 and < 300 ? 2 : 1;
                controller.Apply(member.Worker, member.Incarnation, new Applied
                {
                    Generation = controller.Current.Number, Entry = new LedgerEntry { Step = step },
                    Facts = new StepFacts { Lanes = member.Lanes, ComputeSeconds = member.Lanes * slow * (0.09 + 0.02 * random.NextDouble()) },
                });
            }
            time.Advance(TimeSpan.FromSeconds(1));
            foreach (var worker in (string[])["a", "b"]) controller.Hear(worker, $"{worker}#1");
        }
        Assert.Equal(["0: 8 8", "1: 11 5", "3: 8 8"], formed);
    }
}
