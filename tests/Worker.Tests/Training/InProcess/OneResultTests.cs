using MiniMind.Protos;

namespace MiniMind.Worker.Tests.Training.InProcess;

public sealed class PretrainingOneResultTests() : OneResultTests("pretrain");

/// <summary>Fine-tuning begins with the weights that pretraining left.</summary>
public sealed class FineTuningOneResultTests() : OneResultTests("sft");

/// <summary>
/// One run, one result: whatever the number of workers and whoever dies, joins or leaves at whatever moment, weights and both moments of the optimizer end
/// with the same bytes. Real tensors, production code of ranks and lead, no clock.
/// </summary>
public abstract class OneResultTests(string kind) : IAsyncLifetime
{
    private const int Schedules = 200;
    private const int Steps = 6;

    private SmallStage _stage = null!;
    private (IReadOnlyList<string> Training, IReadOnlyList<string> Validation) _shards;
    private Outcome? _before;
    private Outcome _expected = null!;

    public async Task InitializeAsync()
    {
        _stage = await SmallStage.CreateAsync();
        _shards = (_stage.Shards(8, 13), _stage.Shards(7));
        if (kind != "pretrain") _before = (await RunAsync("pretrain", null, new StrikeSchedule(workers: 1))).Outcome;
        _expected = (await RunAsync(kind, _before, new StrikeSchedule(workers: 1))).Outcome;
        Assert.NotEqual(_before?.Files, _expected.Files);
    }

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    /// <summary>The specification of the stage that every run trains.</summary>
    public static StageSpec Spec(string kind, long spotCheckInterval = 0)
    {
        // 21 sequences make three steps of an epoch; in the last of them three lanes have nothing to compute.
        var spec = SmallStage.Spec;
        (spec.Lanes, spec.MicrobatchesPerLane, spec.SequencesPerMicrobatch, spec.TotalSteps) = (8, 1, 1, Steps);
        (spec.ValidationInterval, spec.CheckpointInterval, spec.SpotCheckInterval) = (2, 3, spotCheckInterval);
        (spec.Stage, spec.Kind, spec.StageIndex, spec.ModelConfigJson) = (kind, kind, kind == "pretrain" ? 0 : 1, SmallStage.ModelOf(layers: 1));
        return spec;
    }

    private async Task<(Outcome Outcome, int Struck)> RunAsync(string kind, Outcome? before, StrikeSchedule schedule, long spotCheckInterval = 0)
    {
        await using var run = new InProcessRun(_stage, Spec(kind, spotCheckInterval), _shards, before, schedule);
        return (await run.RunAsync(), run.Struck);
    }

    /// <returns>Blows that were dealt, and ranks at the end.</returns>
    private async Task<(int Struck, int Ranks)> ExpectAsync(StrikeSchedule schedule, string what, long spotCheckInterval = 0)
    {
        var (outcome, struck) = await RunAsync(kind, _before, schedule, spotCheckInterval);
        Assert.True(_expected.Files == outcome.Files, $"{what}: the checkpoint has other weights or moments");
        Assert.True(outcome.States.All(state => state == _expected.States[0]), $"{what}: a rank ends with other weights or moments");
        Assert.True(_expected.Ledger.SequenceEqual(outcome.Ledger), $"{what}: the ledger differs");
        return (struck, outcome.States.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(10)] // two hot spares
    public async Task Any_number_of_workers_ends_with_the_same_bytes(int workers)
    {
        var (_, ranks) = await ExpectAsync(new StrikeSchedule(workers), $"{workers} workers");
        Assert.InRange(ranks, 1, workers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    public async Task Spot_checks_of_every_step_end_with_the_same_bytes(int workers) =>
        await ExpectAsync(new StrikeSchedule(workers), $"{workers} workers with spot checks", spotCheckInterval: 1);

    /// <summary>Every other one with spot checks of all steps.</summary>
    [Fact]
    public async Task Two_hundred_schedules_of_deaths_and_arrivals_end_with_the_same_bytes()
    {
        int struck = 0, ranks = 0;
        for (var seed = 1; seed <= Schedules; seed++)
        {
            var (blows, left) = await ExpectAsync(new StrikeSchedule(new Random(seed), Steps), $"{kind}, schedule {seed}", spotCheckInterval: seed % 2);
            (struck, ranks) = (struck + blows, ranks + left);
        }
        Assert.True(struck > Schedules, $"only {struck} blows in {Schedules} schedules");
        Assert.True(ranks > Schedules, $"only {ranks} ranks at the end of {Schedules} schedules");
    }

    [Theory]
    [InlineData(1)] // and the state is lost with it
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_source_of_a_copy_dies_in_the_middle_of_it(int workers) => await ExpectAllAsync(
        workers, new Strike(Moment.Lane, 2, 0, Blow.Admit), new Strike(Moment.State, 0, 2, Blow.KillSelf));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Who_copies_a_state_dies_in_the_middle_of_it(int other) => await ExpectAllAsync(
        2, new Strike(Moment.Lane, 2, 0, Blow.Admit), new Strike(Moment.State, 0, 2, Blow.KillOther, other));

    [Theory]
    [InlineData(2)] // nobody is left
    [InlineData(3)]
    [InlineData(4)]
    public async Task Two_die_at_once(int workers) => await ExpectAllAsync(workers, new Strike(Moment.Reduced, 4, 0, Blow.KillBoth));

    [Fact]
    public async Task The_writer_of_a_checkpoint_dies_with_it() => await ExpectAllAsync(3, new Strike(Moment.Snapshot, 0, 0, Blow.KillSelf));

    [Fact]
    public async Task The_writer_of_a_checkpoint_dies_before_anybody_hears_of_it() => await ExpectAllAsync(3, new Strike(Moment.Uploaded, 0, 0, Blow.KillSelf));

    [Fact]
    public async Task One_writer_after_the_other_dies() => await ExpectAllAsync(
        3, new Strike(Moment.Snapshot, 0, 0, Blow.KillSelf), new Strike(Moment.Uploaded, 0, 0, Blow.KillSelf));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_worker_dies_and_comes_back_under_its_name(int workers) => await ExpectAllAsync(
        workers, new Strike(Moment.Lane, 3, 1, Blow.Rejoin), new Strike(Moment.Apply, 5, 0, Blow.Rejoin));

    private async Task ExpectAllAsync(int workers, params IReadOnlyList<Strike> strikes)
    {
        var (struck, _) = await ExpectAsync(new StrikeSchedule(workers, strikes), string.Join(", ", strikes));
        Assert.Equal(strikes.Count, struck);
    }
}
