using MiniMind.Text;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.Tests.Training;

public sealed class StageDataTests : IAsyncLifetime
{
    private SmallStage _stage = null!;

    public async Task InitializeAsync() => _stage = await SmallStage.CreateAsync();

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    private static List<string> Rows(IEnumerable<Microbatch> batches) =>
        [.. batches.SelectMany(batch => batch.Tokens.Chunk(SmallStage.Length)).Select(row => string.Join(' ', row))];

    [Fact]
    public void Every_sequence_is_consumed_exactly_once_per_epoch()
    {
        var data = _stage.Data();
        var spec = SmallStage.Spec;
        Assert.Equal(spec.TotalSteps, data.Order.TotalSteps);
        var epochs = Enumerable.Range(1, (int)spec.TotalSteps)
            .Select(step => (Epoch: data.Order.Epoch(step), Rows: Enumerable.Range(0, spec.Lanes).SelectMany(lane => Rows(data.Training(step, lane))).ToList()))
            .GroupBy(step => step.Epoch, step => step.Rows).Select(steps => steps.SelectMany(rows => rows).ToList()).ToList();
        Assert.Equal(2, epochs.Count);
        Assert.All(epochs, rows => Assert.Equal(SmallStage.Sequences, rows.Distinct().Count()));
        Assert.All(epochs, rows => Assert.Equal(SmallStage.Sequences, rows.Count));
        Assert.Equal(epochs[0].Order(), epochs[1].Order());
        Assert.NotEqual(epochs[0], epochs[1]);
    }

    [Fact]
    public void A_lane_in_the_short_last_step_of_an_epoch_may_have_nothing_to_do()
    {
        var data = _stage.Data();
        // 21 sequences: 16 in the first step; 5 are left for lanes of 4.
        Assert.Equal([4, 1, 0, 0], Enumerable.Range(0, 4).Select(lane => Rows(data.Training(2, lane)).Count));
    }

    [Fact]
    public void Validation_lanes_share_the_set_without_overlap()
    {
        var data = _stage.Data();
        var lanes = Enumerable.Range(0, 4).Select(lane => Rows(data.Validation(lane))).ToList();
        Assert.Equal([2, 2, 2, 1], lanes.Select(rows => rows.Count));
        Assert.Equal(7, lanes.SelectMany(rows => rows).Distinct().Count());
    }

    [Fact]
    public void How_sequences_are_divided_into_shards_changes_nothing()
    {
        using var one = new StageData(SmallStage.Spec, _stage.Shards(21), _stage.Shards(7));
        using var three = new StageData(SmallStage.Spec, _stage.Shards(1, 15, 5), _stage.Shards(3, 4));
        for (var lane = 0; lane < 4; lane++)
        {
            Assert.Equal(Rows(one.Training(1, lane)), Rows(three.Training(1, lane)));
            Assert.Equal(Rows(one.Validation(lane)), Rows(three.Validation(lane)));
        }
    }

    [Fact]
    public void A_damaged_shard_is_named()
    {
        var paths = _stage.Shards(21);
        File.WriteAllBytes(paths[0], File.ReadAllBytes(paths[0])[..^7]);
        var fault = Assert.Throws<InputException>(() => new StageData(SmallStage.Spec, paths, []));
        Assert.Contains(paths[0], fault.Message, StringComparison.Ordinal);
    }
}
