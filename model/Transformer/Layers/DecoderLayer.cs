using MiniMind.Text.Configuration;
using MiniMind.Transformer.Runtime;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>One pre-norm layer: x + attention(norm(x)), then x + feedForward(norm(x)).</summary>
public sealed class DecoderLayer : NamedModule
{
    private readonly int index;
    private readonly RmsNorm inputNorm;
    private readonly SelfAttention attention;
    private readonly RmsNorm postAttentionNorm;
    private readonly FeedForward feedForward;

    internal DecoderLayer(int index, ModelConfig config, Device device) : base(nameof(DecoderLayer))
    {
        this.index = index;
        inputNorm = new RmsNorm(config.HiddenSize, config.NormEpsilon, device);
        attention = new SelfAttention(config, device);
        postAttentionNorm = new RmsNorm(config.HiddenSize, config.NormEpsilon, device);
        feedForward = new FeedForward(config, device);
        register_module("input_layernorm", inputNorm);
        register_module("self_attn", attention);
        register_module("post_attention_layernorm", postAttentionNorm);
        register_module("mlp", feedForward);
    }

    /// <param name="input">[N, D], left as it is.</param>
    /// <param name="angles">Angles of the N tokens.</param>
    /// <param name="who">Who attends to whom.</param>
    /// <returns>[N, D], in the caller's dispose scope; everything else of this layer is released.</returns>
    public Tensor Forward(Tensor input, RotaryAngles angles, IAttention who)
    {
        using var scope = NewDisposeScope();
        var attended = input.add(attention.Forward(index, inputNorm.Forward(input), angles, who), Scalars.One);
        var result = attended.add(feedForward.Forward(postAttentionNorm.Forward(attended)), Scalars.One);
        return result.MoveToOuterDisposeScope();
    }
}
