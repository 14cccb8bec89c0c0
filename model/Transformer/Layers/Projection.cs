using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>A linear map without bias: x [.., in] to x·Wᵀ [.., out], with weight [out, in] as Hugging Face stores it.</summary>
public sealed class Projection : NamedModule
{
    private readonly TorchSharp.Modules.Parameter weight;

    internal Projection(long inputs, long outputs, Device device) : base(nameof(Projection))
    {
        weight = new TorchSharp.Modules.Parameter(empty(outputs, inputs, device: device));
        register_parameter("weight", weight);
    }

    /// <summary>[N, in] to [N, out].</summary>
    public Tensor Forward(Tensor input) => nn.functional.linear(input, weight);
}
