using System.Runtime.InteropServices;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Optimization;
using MiniMind.Transformer.Training;

namespace MiniMind.Worker.Training;

/// <summary>
/// A fixed small computation, done by every worker before it may join. Another digest means other instructions or libraries, and weights that would depend
/// on who computed what.
/// </summary>
internal static class ProbeLane
{
    private const int Length = 96;

    /// <summary>Digest of the gradient of a fixed model on fixed tokens, of the weights after one update, and of some learning rates.</summary>
    public static string Compute(string device)
    {
        using var state = TrainingState.Create(ModelPresets.Tiny with { VocabularySize = 512 }, device);
        state.Initialize(seed: 1);
        var tokens = Enumerable.Range(0, Length).Select(i => i * 37 % 512).ToArray();
        var targets = tokens.Skip(1).Append(-1).ToArray();
        LanguageModelStep.ForwardBackward(state, Microbatch.FromSequences(Length, [(tokens, targets, [0, 40])]));
        var gradient = TrainingState.Export(state.Gradient);
        // The system's mathematics library computes what the cosine schedule needs.
        var rates = LearningRate.Schedules.SelectMany(
            schedule => Enumerable.Range(1, 8).Select(step => LearningRate.At(step, totalSteps: 9, warmup: 1, peak: 1e-3, schedule))).ToArray();
        AdamW.Apply(state, targets.Count(target => target >= 0), rates[2], new AdamWOptions());
        var digest = WeightsDigest.Compute([gradient, TrainingState.Export(state.Parameters), MemoryMarshal.Cast<double, float>(rates).ToArray()]);
        return digest.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
    }
}
