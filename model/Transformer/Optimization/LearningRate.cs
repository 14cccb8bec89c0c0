using MiniMind.Text;

namespace MiniMind.Transformer.Optimization;

/// <summary>Learning rate schedules. Those named cosine are MiniMind's of 2026 and of 2025.</summary>
public static class LearningRate
{
    /// <summary>Names that <see cref="At"/> knows.</summary>
    public static readonly IReadOnlyList<string> Schedules = ["cosine", "cosine-2025", "constant"];

    /// <summary>Rate of one step. During warm-up it rises linearly from peak / warmup to the schedule's own value.</summary>
    /// <param name="step">From 1 to <paramref name="totalSteps"/>.</param>
    /// <param name="totalSteps">Steps of the stage, T below.</param>
    /// <param name="warmup">Steps of linear warm-up, 0 for none.</param>
    /// <param name="peak">lr below.</param>
    /// <param name="schedule">
    /// "cosine": lr·(0.1 + 0.45·(1 + cos πt/T)); "cosine-2025": lr·(0.1 + 0.5·(1 + cos πt/T)); "constant": lr.
    /// </param>
    /// <exception cref="InputException">An unknown schedule.</exception>
    public static double At(long step, long totalSteps, long warmup, double peak, string schedule)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSteps, 1);
        var cosine = 1 + Math.Cos(Math.PI * step / totalSteps);
        var rate = schedule switch
        {
            "cosine" => peak * (0.1 + 0.45 * cosine),
            "cosine-2025" => peak * (0.1 + 0.5 * cosine),
            "constant" => peak,
            _ => throw new InputException($"schedule: expected {string.Join(", ", Schedules)}, found '{schedule}'"),
        };
        return step < warmup ? rate * step / warmup : rate;
    }
}
