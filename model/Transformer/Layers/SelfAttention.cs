using MiniMind.Text.Configuration;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>Grouped-query attention whose queries and keys are normalised per head before they are rotated (Qwen3).</summary>
public sealed class SelfAttention : NamedModule
{
    private readonly int width;
    private readonly Projection query;
    private readonly Projection key;
    private readonly Projection value;
    private readonly Projection output;
    private readonly RmsNorm queryNorm;
    private readonly RmsNorm keyNorm;

    internal SelfAttention(ModelConfig config, Device device) : base(nameof(SelfAttention))
    {
        width = config.HeadWidth;
        query = new Projection(config.HiddenSize, (long)config.Heads * width, device);
        key = new Projection(config.HiddenSize, (long)config.KeyValueHeads * width, device);
        value = new Projection(config.HiddenSize, (long)config.KeyValueHeads * width, device);
        output = new Projection((long)config.Heads * width, config.HiddenSize, device);
        queryNorm = new RmsNorm(width, config.NormEpsilon, device);
        keyNorm = new RmsNorm(width, config.NormEpsilon, device);
        register_module("q_proj", query);
        register_module("k_proj", key);
        register_module("v_proj", value);
        register_module("o_proj", output);
        register_module("q_norm", queryNorm);
        register_module("k_norm", keyNorm);
    }

    /// <param name="layer">Index of this layer.</param>
    /// <param name="input">[N, D].</param>
    /// <param name="angles">Angles of the N tokens.</param>
    /// <param name="attention">Who attends to whom.</param>
    /// <returns>[N, D].</returns>
    public Tensor Forward(int layer, Tensor input, RotaryAngles angles, IAttention attention)
    {
        var tokens = input.size(0);
        var queries = queryNorm.Forward(query.Forward(input).view(tokens, -1, width));
        var keys = keyNorm.Forward(key.Forward(input).view(tokens, -1, width));
        var values = value.Forward(input).view(tokens, -1, width);
        return output.Forward(attention.Attend(layer, angles.Turn(queries), angles.Turn(keys), values));
    }
}
