using MiniMind.Text.Configuration;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Tests;

/// <summary>
/// The decoder written once more, as plainly as possible: one document, float64, loops. Shares nothing with the product but
/// the names of the parameters.
/// </summary>
internal sealed class ReferenceDecoder
{
    private readonly ModelConfig config;
    private readonly Dictionary<string, double[]> weights = [];

    public ReferenceDecoder(TrainingState state)
    {
        config = state.Config;
        foreach (var slot in state.Slots)
            weights[slot.Name] = [.. state.ParametersMemory.Slice((int)slot.Offset, (int)slot.Length).ToArray().Select(value => (double)value)];
    }

    /// <summary>A parameter, to be changed by tests.</summary>
    public double[] this[string name] => weights[name];

    /// <summary>Summed cross-entropy of one document.</summary>
    public double Loss(int[] tokens, int[] targets)
    {
        var logits = Logits(tokens);
        var sum = 0.0;
        for (var i = 0; i < tokens.Length; i++)
        {
            if (targets[i] >= 0) sum += Math.Log(logits[i].Sum(Math.Exp)) - logits[i][targets[i]];
        }

        return sum;
    }

    public double[][] Logits(int[] tokens)
    {
        var embedding = weights["model.embed_tokens.weight"];
        var width = config.HiddenSize;
        var hidden = tokens.Select(token => embedding[(token * width)..((token + 1) * width)]).ToArray();
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            var attended = Attention(prefix + "self_attn.", [.. hidden.Select(x => Norm(x, prefix + "input_layernorm.weight"))]);
            hidden = [.. hidden.Zip(attended, Add)];
            hidden = [.. hidden.Select(x => Add(x, FeedForward(prefix + "mlp.", Norm(x, prefix + "post_attention_layernorm.weight"))))];
        }

        return [.. hidden.Select(x => Linear(Norm(x, "model.norm.weight"), embedding))];
    }

    private double[][] Attention(string prefix, double[][] inputs)
    {
        var length = inputs.Length;
        var queries = inputs.Select((x, position) => Heads(Linear(x, weights[prefix + "q_proj.weight"]), position, prefix + "q_norm.weight")).ToArray();
        var keys = inputs.Select((x, position) => Heads(Linear(x, weights[prefix + "k_proj.weight"]), position, prefix + "k_norm.weight")).ToArray();
        var values = inputs.Select(x => Linear(x, weights[prefix + "v_proj.weight"]).Chunk(config.HeadWidth).ToArray()).ToArray();
        var results = new double[length][];
        for (var at = 0; at < length; at++)
        {
            var joined = new List<double>();
            for (var head = 0; head < config.Heads; head++)
            {
                var shared = head / (config.Heads / config.KeyValueHeads);
                var scores = Enumerable.Range(0, at + 1).Select(to => Math.Exp(Dot(queries[at][head], keys[to][shared]) / Math.Sqrt(config.HeadWidth))).ToArray();
                for (var i = 0; i < config.HeadWidth; i++)
                    joined.Add(Enumerable.Range(0, at + 1).Sum(to => scores[to] * values[to][shared][i]) / scores.Sum());
            }

            results[at] = Linear([.. joined], weights[prefix + "o_proj.weight"]);
        }

        return results;
    }

    private double[][] Heads(double[] projected, int position, string norm) =>
        [.. projected.Chunk(config.HeadWidth).Select(head => Rotate(Norm(head, norm), position))];

    private double[] Rotate(double[] head, int position)
    {
        var half = head.Length / 2;
        var turned = new double[head.Length];
        for (var i = 0; i < half; i++)
        {
            var angle = position * Math.Pow(config.RopeTheta, -2.0 * i / head.Length);
            turned[i] = head[i] * Math.Cos(angle) - head[i + half] * Math.Sin(angle);
            turned[i + half] = head[i + half] * Math.Cos(angle) + head[i] * Math.Sin(angle);
        }

        return turned;
    }

    private double[] FeedForward(string prefix, double[] input)
    {
        var gate = Linear(input, weights[prefix + "gate_proj.weight"]);
        var up = Linear(input, weights[prefix + "up_proj.weight"]);
        return Linear([.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)], weights[prefix + "down_proj.weight"]);
    }

    private double[] Norm(double[] input, string name)
    {
        var root = Math.Sqrt(input.Average(x => x * x) + config.NormEpsilon);
        return [.. input.Zip(weights[name], (x, weight) => x / root * weight)];
    }

    private static double[] Linear(double[] input, double[] weight)
    {
        var output = new double[weight.Length / input.Length];
        for (var o = 0; o < output.Length; o++)
        {
            for (var i = 0; i < input.Length; i++) output[o] += weight[o * input.Length + i] * input[i];
        }

        return output;
    }

    private static double Dot(double[] left, double[] right) => left.Zip(right, (a, b) => a * b).Sum();

    private static double[] Add(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a + b)];
}
