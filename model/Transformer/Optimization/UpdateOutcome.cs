namespace MiniMind.Transformer.Optimization;

/// <summary>Why an update was or was not applied.</summary>
public enum UpdateDecision
{
    Applied,
    ZeroDenominator,
    NonFiniteNorm,
}

/// <summary>What <see cref="AdamW.Apply"/> did.</summary>
/// <param name="Decision">Applied, or why not.</param>
/// <param name="GradientNorm">Global norm of the mean gradient before clipping; NaN when the denominator was zero.</param>
/// <param name="LearningRate">The rate that was asked for.</param>
public readonly record struct UpdateOutcome(UpdateDecision Decision, double GradientNorm, double LearningRate)
{
    /// <summary>True when weights, moments and step are unchanged.</summary>
    public bool Skipped => Decision != UpdateDecision.Applied;
}
