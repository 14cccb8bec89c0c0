using MiniMind.Text.Configuration;
using MiniMind.Transformer.Kernels;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>SwiGLU: down(silu(gate(x)) · up(x)). Source: Shazeer 2020, "GLU Variants Improve Transformer".</summary>
public sealed class FeedForward : NamedModule
{
    private readonly Projection gate;
    private readonly Projection up;
    private readonly Projection down;

    internal FeedForward(ModelConfig config, Device device) : base(nameof(FeedForward))
    {
        gate = new Projection(config.HiddenSize, config.FeedForwardWidth, device);
        up = new Projection(config.HiddenSize, config.FeedForwardWidth, device);
        down = new Projection(config.FeedForwardWidth, config.HiddenSize, device);
        register_module("gate_proj", gate);
        register_module("up_proj", up);
        register_module("down_proj", down);
    }

    /// <summary>[N, D] to [N, D].</summary>
    public Tensor Forward(Tensor input) => down.Forward(SwiGlu.Of(gate.Forward(input), up.Forward(input)));
}
