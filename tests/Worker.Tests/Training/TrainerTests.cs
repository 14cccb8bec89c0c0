using System.Text.Json;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Protos;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.Tests.Training;

public sealed class TrainerTests : IAsyncLifetime
{
    private static readonly RestorePoint Seed = new(0, new byte[32], []);

    private SmallStage _stage = null!;

    public async Task InitializeAsync() => _stage = await SmallStage.CreateAsync();

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    private async Task<(Trainer Trainer, TrainingState State)> FreshAsync()
    {
        var (trainer, state) = await _stage.TrainerAsync();
        await trainer.RestoreAsync(Seed, default);
        return (trainer, state);
    }

    /// <summary>One step as a single rank does it.</summary>
    private static async Task<UpdateFacts> StepAsync(Trainer trainer, long step)
    {
        using var accumulator = new LaneAccumulator(trainer, SmallStage.Spec.Lanes);
        var (values, sums) = await accumulator.ComputeAsync(step, new LaneRange(0, SmallStage.Spec.Lanes), default);
        Assert.Single(values);
        return await trainer.ApplyAsync(step, sums.Values.Single());
    }

    [Fact]
    public async Task A_lane_s_gradient_and_sums_are_those_of_its_microbatches_together()
    {
        var (trainer, state) = await FreshAsync();
        using var data = new StageData(SmallStage.Spec, _stage.Shards(8, 13), _stage.Shards(7));
        trainer.Gradient.Span.Fill(float.NaN); // what an earlier step left behind
        var sums = await trainer.ComputeLaneAsync(1, 2, default);
        var computed = trainer.Gradient.ToArray();

        var expected = new double[computed.Length];
        var (loss, targets) = (0.0, 0L);
        var batches = data.Training(1, 2).ToList();
        Assert.Equal(2, batches.Count);
        foreach (var batch in batches)
        {
            state.ZeroGradient();
            var part = LanguageModelStep.ForwardBackward(state, batch);
            (loss, targets) = (loss + part.LossNumerator, targets + part.Targets);
            for (var i = 0; i < expected.Length; i++) expected[i] += trainer.Gradient.Span[i];
        }

        Assert.Equal((targets, 4L, 4L * SmallStage.Length), (sums.Targets, sums.Sequences, sums.Tokens));
        Assert.Equal(loss, sums.LossNumerator, 1e-9 * loss);
        var difference = Math.Sqrt(expected.Zip(computed, (a, b) => (a - b) * (a - b)).Sum());
        var size = Math.Sqrt(expected.Sum(value => value * value));
        Assert.True(size > 0.1 && difference < 1e-6 * size, $"{difference} of {size}");
    }

    [Fact]
    public async Task A_lane_gives_the_same_bits_whatever_was_computed_before()
    {
        var (trainer, _) = await FreshAsync();
        var first = await trainer.ComputeLaneAsync(1, 1, default);
        var gradient = trainer.Gradient.ToArray();
        await trainer.ComputeLaneAsync(2, 0, default);
        await trainer.ValidateLaneAsync(0, default);
        Assert.Equal(first, await trainer.ComputeLaneAsync(1, 1, default));
        Assert.Equal(gradient, trainer.Gradient.ToArray());
    }

    [Fact]
    public async Task A_lane_without_sequences_gives_zeros()
    {
        var (trainer, _) = await FreshAsync();
        await trainer.ComputeLaneAsync(1, 0, default);
        Assert.Equal(new Sums(), await trainer.ComputeLaneAsync(2, 3, default));
        Assert.All(trainer.Gradient.ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task Two_workers_from_one_seed_take_the_same_steps()
    {
        var (one, other) = ((await FreshAsync()).Trainer, (await FreshAsync()).Trainer);
        for (var step = 1; step <= 4; step++) Assert.Equal(await StepAsync(one, step), await StepAsync(other, step));
        Assert.Equal(one.WeightsDigest(), other.WeightsDigest());
        Assert.NotEqual((await FreshAsync()).Trainer.WeightsDigest(), one.WeightsDigest());
    }

    [Fact]
    public async Task A_step_without_targets_is_skipped_and_changes_nothing()
    {
        var (trainer, _) = await FreshAsync();
        await StepAsync(trainer, 1);
        var before = trainer.StateDigest(trainer.State);
        Assert.True((await trainer.ApplyAsync(2, new Sums())).Skipped);
        Assert.Equal(before, trainer.StateDigest(trainer.State));
    }

    [Fact]
    public async Task A_copied_state_is_equal_and_takes_the_same_next_step()
    {
        var source = (await FreshAsync()).Trainer;
        for (var step = 1; step <= 2; step++) await StepAsync(source, step);
        var copy = (await _stage.TrainerAsync()).Trainer;
        copy.Adopt(2, [.. source.State.Select(buffer => (Memory<float>)buffer.ToArray())]);
        Assert.Equal(source.StateDigest(source.State), copy.StateDigest(copy.State));

        Assert.Equal(await StepAsync(source, 3), await StepAsync(copy, 3));

        Assert.Equal(source.StateDigest(source.State), copy.StateDigest(copy.State));
        Assert.Equal(source.WeightsDigest(), copy.WeightsDigest());
    }

    [Fact]
    public async Task A_digest_of_the_state_changes_with_every_buffer()
    {
        var trainer = (await FreshAsync()).Trainer;
        await StepAsync(trainer, 1);
        var digests = new HashSet<string> { Convert.ToHexString(trainer.StateDigest(trainer.State)) };
        for (var index = 0; index < trainer.State.Count; index++)
        {
            Memory<float>[] buffers = [.. trainer.State.Select(buffer => (Memory<float>)buffer.ToArray())];
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(buffers[index].Span)[0] ^= 1;
            digests.Add(Convert.ToHexString(trainer.StateDigest(buffers)));
        }
        Assert.Equal(trainer.State.Count + 1, digests.Count);
    }

    [Fact]
    public async Task A_checkpoint_is_the_state_at_its_moment_and_restores_to_the_same_next_step()
    {
        var source = (await FreshAsync()).Trainer;
        for (var step = 1; step <= 2; step++) await StepAsync(source, step);
        var write = await source.SnapshotAsync(new Position(2, 2, [.. Enumerable.Repeat((byte)7, 32)]));
        var writing = write(default);
        var facts = await StepAsync(source, 3); // while it is being written
        var files = await writing;
        Assert.Equal(
            ["config.json", "generation_config.json", "model.safetensors", "optimizer.safetensors", "tokenizer.json", "trainer.json"],
            files.Select(file => file.Name).Order(StringComparer.Ordinal));

        var restored = (await _stage.TrainerAsync()).Trainer;
        await restored.RestoreAsync(new RestorePoint(2, new byte[32], files), default);

        Assert.Equal(facts, await StepAsync(restored, 3));
        Assert.Equal(source.StateDigest(source.State), restored.StateDigest(restored.State));
    }

    [Fact]
    public async Task The_start_of_a_stage_takes_the_weights_of_the_one_before_and_a_fresh_optimizer()
    {
        var (source, _) = await FreshAsync();
        for (var step = 1; step <= 2; step++) await StepAsync(source, step);
        var write = await source.SnapshotAsync(new Position(2, 2, new byte[32]));
        var files = await write(default);
        var (next, state) = await FreshAsync();
        await StepAsync(next, 1);
        await next.RestoreAsync(new RestorePoint(0, new byte[32], files), default);
        Assert.Equal(source.WeightsDigest(), next.WeightsDigest());
        Assert.Equal(0, state.OptimizerStep);
        Assert.All(state.SecondMomentMemory.ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task A_checkpoint_that_is_given_up_ends_as_cancelled()
    {
        var source = (await FreshAsync()).Trainer;
        var write = await source.SnapshotAsync(new Position(0, 0, new byte[32]));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write(new CancellationToken(canceled: true)));
    }

    [Fact]
    public void TrainerJson_says_where_training_stood()
    {
        var data = _stage.Data();
        var snapshot = new CheckpointSnapshot(SmallStage.Spec, new Position(3, 3, [0xab, 0xcd]), data.Order, [], OptimizerStep: 2);
        using var json = JsonDocument.Parse(snapshot.TrainerJson());
        var root = json.RootElement;
        Assert.Equal(
            (3L, 4L, 1L, 37L, 2L, 5UL, "abcd", "identity"),
            (root.GetProperty("step").GetInt64(), root.GetProperty("total_steps").GetInt64(), root.GetProperty("epoch").GetInt64(),
                root.GetProperty("next_sample").GetInt64(), root.GetProperty("optimizer_step").GetInt64(), root.GetProperty("seed").GetUInt64(),
                root.GetProperty("ledger").GetString(), root.GetProperty("identity").GetString()));
    }
}
