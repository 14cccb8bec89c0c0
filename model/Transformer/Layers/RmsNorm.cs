using MiniMind.Transformer.Kernels;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>
/// x / sqrt(mean(x²) + ε) · weight over the last dimension. Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".
/// </summary>
public sealed class RmsNorm : NamedModule
{
    private readonly TorchSharp.Modules.Parameter weight;
    private readonly double epsilon;

    internal RmsNorm(long width, double epsilon, Device device) : base(nameof(RmsNorm))
    {
        this.epsilon = epsilon;
        weight = new TorchSharp.Modules.Parameter(empty(width, device: device));
        register_parameter("weight", weight);
    }

    /// <summary>[.., width], contiguous, to the same shape.</summary>
    public Tensor Forward(Tensor input) => RmsNormalization.Of(input, weight, epsilon);
}
