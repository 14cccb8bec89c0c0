using MiniMind.Protos;

namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>
/// One run, one result: whatever the number of workers and whoever dies, joins or leaves at whatever moment, weights and both moments of the optimizer end
/// with the same bytes. Real tensors, production code of ranks and lead, no clock.
/// </summary>
public sealed class OneResultTests : IAsyncLifetime
{
    private const int Schedules = 200;

    private SmallStage _stage = null!;
    private (IReadOnlyList<string> Training, IReadOnlyList<string> Validation) _shards;

    public async Task InitializeAsync()
    {
        _stage = await SmallStage.CreateAsync();
        _shards = (_stage.Shards(8, 13), _stage.Shards(7));
    }

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    private static StageSpec Stage(string kind)
    {
        // 21 sequences make three steps of an epoch; in the last of them three lanes have nothing to compute.
        var spec = SmallStage.Spec;
        (spec.Lanes, spec.MicrobatchesPerLane, spec.SequencesPerMicrobatch, spec.TotalSteps) = (8, 1, 1, 6);
        (spec.ValidationInterval, spec.CheckpointInterval) = (2, 3);
        (spec.Stage, spec.Kind, spec.StageIndex) = (kind, kind, kind == "pretrain" ? 0 : 1);
        return spec;
    }

    private async Task<(Outcome Outcome, int Struck)> RunAsync(string kind, Outcome? before, StrikeSchedule schedule)
    {
        await using var run = new InProcessRun(_stage, Stage(kind), _shards, before, schedule);
        return (await run.RunAsync(), run.Struck);
    }

    /// <summary>Fine-tuning begins with the weights that pretraining left.</summary>
    private async Task<Outcome?> BeforeAsync(string kind) => kind == "pretrain" ? null : (await RunAsync("pretrain", null, StrikeSchedule.Calm(1))).Outcome;

    private static void AssertSame(Outcome expected, Outcome actual, string what)
    {
        Assert.True(expected.Files == actual.Files, $"{what}: the checkpoint has other weights or moments");
        Assert.True(actual.States.All(state => state == expected.States[0]), $"{what}: a rank ends with other weights or moments");
        Assert.True(expected.Ledger.SequenceEqual(actual.Ledger), $"{what}: the ledger differs");
    }

    [Theory]
    [InlineData("pretrain")]
    [InlineData("sft")]
    public async Task Any_number_of_workers_ends_with_the_same_bytes(string kind)
    {
        var before = await BeforeAsync(kind);
        var (expected, _) = await RunAsync(kind, before, StrikeSchedule.Calm(1));
        Assert.NotEqual(before?.Files, expected.Files);
        foreach (var workers in (int[])[1, 2, 3, 4, 8, 10])
        {
            var (outcome, _) = await RunAsync(kind, before, StrikeSchedule.Calm(workers));
            AssertSame(expected, outcome, $"{workers} workers");
            Assert.NotEmpty(outcome.States);
        }
    }

    [Theory]
    [InlineData("pretrain")]
    [InlineData("sft")]
    public async Task Two_hundred_schedules_of_deaths_and_arrivals_end_with_the_same_bytes(string kind)
    {
        var before = await BeforeAsync(kind);
        var (expected, _) = await RunAsync(kind, before, StrikeSchedule.Calm(1));
        int struck = 0, ranks = 0;
        for (var seed = 1; seed <= Schedules; seed++)
        {
            var (outcome, blows) = await RunAsync(kind, before, new StrikeSchedule(seed, steps: 6));
            AssertSame(expected, outcome, $"{kind}, schedule {seed}");
            (struck, ranks) = (struck + blows, ranks + outcome.States.Count);
        }
        Assert.True(struck > Schedules, $"only {struck} blows in {Schedules} schedules");
        Assert.True(ranks > Schedules, $"only {ranks} ranks at the end of {Schedules} schedules");
    }
}
