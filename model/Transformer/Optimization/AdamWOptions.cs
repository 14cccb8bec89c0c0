using MiniMind.Text;

namespace MiniMind.Transformer.Optimization;

/// <summary>Constants of AdamW. The learning rate is not one: it changes with every step.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the moving mean of the gradient, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the moving mean of the squared gradient, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the denominator, positive.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, applied to every parameter, norms included, as MiniMind does.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The mean gradient's global norm is cut to this; positive infinity does not cut.</summary>
    public double ClipNorm { get; init; } = 1.0;

    /// <summary>Throws one message with every fault.</summary>
    /// <exception cref="InputException">A value outside its range.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        if (Beta1 is not (>= 0 and < 1)) faults.Add($"beta1: expected 0 to below 1, found {Beta1}");
        if (Beta2 is not (>= 0 and < 1)) faults.Add($"beta2: expected 0 to below 1, found {Beta2}");
        if (!(Epsilon > 0)) faults.Add($"epsilon: expected above 0, found {Epsilon}");
        if (!(WeightDecay >= 0)) faults.Add($"weight_decay: expected at least 0, found {WeightDecay}");
        if (!(ClipNorm > 0)) faults.Add($"clip_norm: expected above 0, found {ClipNorm}");
        if (faults.Count > 0) throw new InputException("AdamW: " + string.Join("; ", faults));
    }
}
