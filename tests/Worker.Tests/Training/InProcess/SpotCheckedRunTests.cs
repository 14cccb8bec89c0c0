using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;

namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>A worker that computes wrong gradients from right weights is found by the spot check: nobody applies the step, and the run ends with the bytes of an undisturbed one.</summary>
public sealed class SpotCheckedRunTests : IAsyncLifetime
{
    private const long Step = 4;

    private SmallStage _stage = null!;
    private (IReadOnlyList<string> Training, IReadOnlyList<string> Validation) _shards;
    private Outcome _expected = null!;

    public async Task InitializeAsync()
    {
        _stage = await SmallStage.CreateAsync();
        _shards = (_stage.Shards(8, 13), _stage.Shards(7));
        await using var undisturbed = Run(workers: 1, faults: null, interval: 0);
        _expected = await undisturbed.RunAsync();
    }

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    [Theory]
    [InlineData(1, false, false)]
    [InlineData(2, false, false)]
    [InlineData(2, true, false)]
    [InlineData(3, false, false)]
    [InlineData(3, true, false)]
    [InlineData(3, false, true)]
    [InlineData(3, true, true)]
    [InlineData(9, true, true)] // one of them a hot spare
    public async Task Who_computes_a_wrong_gradient_is_expelled_before_anybody_applies_it(int workers, bool isChecker, bool permanent)
    {
        var (lane, culprit) = Pick(workers, isChecker);
        var faults = new GradientFaultInjector($"w{culprit + 1}", Step, lane, permanent);
        await using var run = Run(workers, faults, interval: 1);
        var outcome = await run.RunAsync();

        var (incarnation, step, reason) = Assert.Single(run.Expelled);
        Assert.Equal(($"{faults.Worker}#{culprit + 1}", Step - 1), (incarnation, step));
        Assert.Contains($"spot check: step {Step} is not applied: the gradient of lane {lane} that rank {culprit} ({faults.Worker}) computed is wrong", reason);
        Assert.Equal(permanent, reason.EndsWith($"{workers - 1} of {workers} ranks get another one", StringComparison.Ordinal));
        Assert.Equal(!permanent, reason.EndsWith("computed again it is another one", StringComparison.Ordinal));
        Assert.True(permanent ? faults.Struck > 1 : faults.Struck == 1);
        Assert.Equal(Math.Max(1, workers - 1), outcome.States.Count);
        Assert.Equal(_expected.Files, outcome.Files);
        Assert.All(outcome.States, state => Assert.Equal(_expected.States[0], state));
        Assert.Equal(_expected.Ledger, outcome.Ledger);
    }

    [Fact]
    public async Task Of_two_that_always_differ_none_is_expelled_and_the_run_ends_naming_both()
    {
        var (lane, culprit) = Pick(workers: 2, isChecker: false);
        await using var run = Run(2, new GradientFaultInjector($"w{culprit + 1}", Step, lane, permanent: true), interval: 1);

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(run.RunAsync);

        Assert.Contains($"spot check: step {Step} is not applied: rank 0 (w1) and rank 1 (w2) compute different gradients of lane {lane} from the same weights", fault.Message);
        Assert.Contains("none of them can be called right", fault.Message);
        Assert.Empty(run.Expelled);
        Assert.All(run.Alive(), worker => Assert.Equal(Step - 1, worker.Member.Position.Step));
    }

    [Fact]
    public async Task A_rank_that_dies_while_all_compute_a_disputed_lane_again_changes_no_bit()
    {
        var (lane, culprit) = Pick(workers: 3, isChecker: false);
        var faults = new GradientFaultInjector($"w{culprit + 1}", Step, lane, permanent: false);
        await using var run = Run(3, faults, interval: 1, new Strike(Moment.SpotCheckTail, Step, 0, Blow.KillSelf));
        var outcome = await run.RunAsync();
        Assert.Equal((1, 1), (run.Struck, faults.Struck));
        Assert.Equal(_expected.Files, outcome.Files);
        Assert.Equal(_expected.Ledger, outcome.Ledger);
    }

    /// <summary>Why the check is there: digests of the weights agree, since all ranks apply the same wrong sum.</summary>
    [Fact]
    public async Task Without_spot_checks_a_wrong_gradient_changes_the_result_of_all()
    {
        var faults = new GradientFaultInjector("w2", Step, Pick(workers: 2, isChecker: false).Lane, permanent: true);
        await using var run = Run(2, faults, interval: 0);
        var outcome = await run.RunAsync();
        Assert.Empty(run.Expelled);
        Assert.NotEqual(_expected.Files, outcome.Files);
    }

    private InProcessRun Run(int workers, GradientFaultInjector? faults, long interval, params IReadOnlyList<Strike> strikes) =>
        new(_stage, OneResultTests.Spec("pretrain", interval), _shards, before: null, new StrikeSchedule(workers, strikes)) { Faults = faults };

    /// <summary>The lane that is checked, and the rank that owns or checks it. Too few steps have been measured by then for lanes to have moved.</summary>
    private static (int Lane, int Rank) Pick(int workers, bool isChecker)
    {
        var spec = OneResultTests.Spec("pretrain");
        var members = LaneAssignment.Split(spec.Lanes, workers).Select(lanes => new GenerationMember("", "", lanes)).ToArray();
        var plan = new GenerationPlan(1, 0, members, 0, spec.Lanes, false, -1, new RestorePoint(0, [], []));
        var check = SpotCheck.Of(Step, 1, spec.Seed, plan)!.Value;
        return (check.Lane, isChecker ? check.Checker : check.Owner);
    }
}
