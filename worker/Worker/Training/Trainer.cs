using System.Runtime.InteropServices;
using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Protos;
using MiniMind.Text.Weights;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Optimization;
using MiniMind.Transformer.Training;

namespace MiniMind.Worker.Training;

/// <summary>The replica with tensors: computes lanes of the stage's data, applies AdamW, restores and snapshots.</summary>
internal sealed class Trainer : IReplica, IDisposable
{
    private readonly StageSpec _spec;
    private readonly StageFiles _files;
    private readonly StageData _data;
    private readonly TrainingState _state;
    private readonly ComputeThread _compute;
    private readonly HostBuffers _host;
    private readonly AdamWOptions _optimizer;
    // Travels with a copied state; as floats because buffers are counted in floats.
    private readonly Memory<float> _counters = new float[2];

    public Trainer(StageSpec spec, StageFiles files, StageData data, TrainingState state, ComputeThread compute)
    {
        (_spec, _files, _data, _state, _compute) = (spec, files, data, state, compute);
        _host = new HostBuffers(state);
        var hyper = spec.Hyperparameters;
        _optimizer = new AdamWOptions
        {
            Beta1 = hyper.Beta1,
            Beta2 = hyper.Beta2,
            Epsilon = hyper.Epsilon,
            WeightDecay = hyper.WeightDecay,
            // 0 stands for no clipping.
            ClipNorm = hyper.ClipNorm == 0 ? double.PositiveInfinity : hyper.ClipNorm,
        };
        _optimizer.Validate();
    }

    public Memory<float> Gradient => _host.Gradient;

    public IReadOnlyList<Memory<float>> State
    {
        get
        {
            MemoryMarshal.Write(MemoryMarshal.AsBytes(_counters.Span), _state.OptimizerStep);
            return [.. _host.Snapshot(copy: false), _counters];
        }
    }

    /// <summary>
    /// Computes a step of one microbatch for nothing, on the compute thread: code is compiled and memory touched before others wait for it. State has to be
    /// restored or adopted afterwards.
    /// </summary>
    public void WarmUp()
    {
        _state.ZeroGradient();
        var sums = LanguageModelStep.ForwardBackward(_state, _data.Training(1, 0).First());
        _host.GradientToHost();
        _host.GradientToDevice();
        AdamW.Apply(_state, sums.Targets, learningRate: 0, _optimizer);
        WeightsDigest();
        // For a lane that waits for its sibling, and for what peers send.
        FlatBuffer.Prepare(Gradient.Length, 2);
    }

    public IReadOnlyList<Memory<float>> StateInPlace => _host.IsMirror ? [] : State;

    public Task<Sums> ComputeLaneAsync(long step, int lane, CancellationToken cancellation) => _compute.RunAsync(() =>
    {
        _state.ZeroGradient();
        var sums = Sum(_data.Training(step, lane), microbatch => LanguageModelStep.ForwardBackward(_state, microbatch));
        _host.GradientToHost();
        return sums;
    }, cancellation);

    public Task<Sums> ValidateLaneAsync(int lane, CancellationToken cancellation) => _compute.RunAsync(
        () => Sum(_data.Validation(lane), microbatch => LanguageModelStep.Evaluate(_state, microbatch)), cancellation);

    public Task<UpdateFacts> ApplyAsync(long step, Sums reduced) => _compute.RunAsync(() =>
    {
        var hyper = _spec.Hyperparameters;
        var rate = LearningRate.At(step, _spec.TotalSteps, hyper.WarmupSteps, hyper.LearningRate, hyper.Schedule);
        _host.GradientToDevice();
        var outcome = AdamW.Apply(_state, reduced.Targets, rate, _optimizer);
        return new UpdateFacts(outcome.Skipped, outcome.GradientNorm, rate);
    });

    public byte[] WeightsDigest() => BlockDigest.ToBytes(Transformer.Training.WeightsDigest.Compute([_host.Weights]));

    public byte[] StateDigest(IReadOnlyList<Memory<float>> buffers) =>
        BlockDigest.ToBytes(Transformer.Training.WeightsDigest.Compute([.. buffers.Select(buffer => (ReadOnlyMemory<float>)buffer)]));

    public void Adopt(long step, IReadOnlyList<Memory<float>> buffers)
    {
        _host.Load([.. buffers.Take(3)]);
        _state.OptimizerStep = MemoryMarshal.Read<long>(MemoryMarshal.AsBytes(buffers[3].Span));
    }

    public async Task RestoreAsync(RestorePoint point, CancellationToken cancellation)
    {
        if (point.Files.Count == 0)
        {
            await _compute.RunAsync(() =>
            {
                _state.Initialize(_spec.Seed);
                return true;
            }, cancellation);
            return;
        }
        var folder = await _files.GatherAsync("restore", point.Files, cancellation);
        await _compute.RunAsync(() =>
        {
            _state.Initialize(_spec.Seed);
            HuggingFaceFolder.Load(_state, folder);
            // The start of a stage takes only the weights of the stage before; within a stage the optimizer goes on.
            if (point.Step > 0) OptimizerFile.Load(_state, Path.Combine(folder, OptimizerFile.FileName));
            return true;
        }, cancellation);
    }

    public Task<CheckpointWriter> SnapshotAsync(Position position)
    {
        var snapshot = new CheckpointSnapshot(_spec, position, _data.Order, _host.Snapshot(copy: true), _state.OptimizerStep);
        return Task.FromResult<CheckpointWriter>(
            cancellation => Task.Run(() => _files.UploadCheckpointAsync(snapshot, _state.Config, _state.Slots, cancellation), cancellation));
    }

    public void Dispose()
    {
        _state.Dispose();
        _data.Dispose();
    }

    private Sums Sum(IEnumerable<Microbatch> microbatches, Func<Microbatch, MicrobatchSums> compute)
    {
        var sums = new Sums();
        foreach (var microbatch in microbatches)
        {
            var part = compute(microbatch);
            var tokens = microbatch.Tokens.Count;
            sums += new Sums(part.LossNumerator, part.Targets, 0, part.Correct, tokens, tokens / _spec.SequenceLength);
        }
        return sums;
    }
}
