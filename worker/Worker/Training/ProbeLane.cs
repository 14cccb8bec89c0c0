using MiniMind.Text.Configuration;
using MiniMind.Transformer.Training;

namespace MiniMind.Worker.Training;

/// <summary>
/// A fixed small computation, done by every worker before it may join. Another digest means other instructions or libraries, and weights that would depend
/// on who computed what.
/// </summary>
internal static class ProbeLane
{
    private const int Length = 96;

    /// <summary>Digest of the gradient of a fixed model on fixed tokens.</summary>
    public static string Compute(string device)
    {
        using var state = TrainingState.Create(ModelPresets.Tiny with { VocabularySize = 512 }, device);
        state.Initialize(seed: 1);
        var tokens = Enumerable.Range(0, Length).Select(i => i * 37 % 512).ToArray();
        var targets = tokens.Skip(1).Append(-1).ToArray();
        LanguageModelStep.ForwardBackward(state, Microbatch.FromSequences(Length, [(tokens, targets, [0, 40])]));
        return WeightsDigest.Compute([TrainingState.Export(state.Gradient)]).ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
    }
}
