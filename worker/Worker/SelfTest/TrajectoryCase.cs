using MiniMind.Transformer.Optimization;
using MiniMind.Transformer.Training;

namespace MiniMind.Worker.SelfTest;

/// <summary>AdamW steps with the cosine schedule and clipping: losses, gradient norms before clipping, final weights.</summary>
public sealed class TrajectoryCase : IGoldenCase
{
    private const double PeakLearningRate = 1e-3;

    public string Name => "trajectory";

    public void Run(GoldenFolder folder, GoldenComparison comparison)
    {
        using var tensors = folder.Tensors(Name);
        var scalars = folder.Scalars(Name);
        var (expectedLosses, expectedNorms) = (scalars.Numbers("losses"), scalars.Numbers("grad_norms"));
        using var state = GoldenFolder.State(Name, scalars, tensors);
        var ids = GoldenFolder.Ids(tensors, "in/ids", dimensions: 3, state.Config.VocabularySize);
        var shape = tensors.Entry("in/ids").Shape; // [steps, B, T]
        var perStep = (int)(shape[1] * shape[2]);
        var losses = new List<float>();
        var norms = new List<float>();
        for (var step = 0; step < shape[0]; step++)
        {
            var rows = ids.AsSpan(step * perStep, perStep);
            state.ZeroGradient();
            var sums = LanguageModelStep.ForwardBackward(state, GoldenFolder.Rows((int)shape[2], rows, rows));
            var rate = LearningRate.At(step + 1, shape[0], warmup: 0, PeakLearningRate, "cosine");
            norms.Add((float)AdamW.Apply(state, sums.Targets, rate, new AdamWOptions()).GradientNorm);
            losses.Add((float)(sums.LossNumerator / sums.Targets));
        }

        comparison.Tensor("losses", losses.ToArray(), [.. expectedLosses]);
        comparison.Tensor("grad_norms", norms.ToArray(), [.. expectedNorms]);
        foreach (var slot in state.Slots)
            comparison.Tensor($"final/{slot.Name}", state.ParametersMemory.Span.Slice((int)slot.Offset, (int)slot.Length), tensors.ReadFloats($"final/{slot.Name}"));
    }
}
