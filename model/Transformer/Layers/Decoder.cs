using MiniMind.Text;
using MiniMind.Text.Configuration;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>
/// The minimind-3 dense decoder, with the parameter names of Hugging Face's Qwen3 (model.layers.0.self_attn.q_proj.weight, ..).
/// The embedding is also the vocabulary projection. Tokens are one flat list of N; an <see cref="IAttention"/> says which of
/// them belong together. Letters: N tokens, D hidden size, V vocabulary.
/// </summary>
public sealed class Decoder : NamedModule
{
    /// <summary>Name of the tied embedding [V, D].</summary>
    public const string EmbeddingName = "model.embed_tokens.weight";

    private readonly Stack stack;
    private readonly RotaryTable rotary;

    /// <summary>Parameters are allocated but not set; <see cref="Training.TrainingState"/> gives them their memory.</summary>
    /// <exception cref="InputException">Impossible sizes, all reasons in one message.</exception>
    internal Decoder(ModelConfig config, Device device) : base(nameof(Decoder))
    {
        var faults = config.Faults();
        if (faults.Count > 0)
            throw new InputException("model sizes: " + string.Join("; ", faults.Select(fault => $"{fault.Field} {fault.Message}")));
        Config = config;
        stack = new Stack(config, device);
        rotary = new RotaryTable(config.HeadWidth, config.RopeTheta, device);
        register_module("model", stack);
    }

    public ModelConfig Config { get; }

    /// <summary>The tied embedding [V, D].</summary>
    public TorchSharp.Modules.Parameter Embedding => stack.Embedding;

    /// <summary>Rows of the embedding, [N, D].</summary>
    public Tensor Embed(Tensor ids) => Embedding.index_select(0, ids);

    /// <summary>Rotary angles of tokens at <paramref name="positions"/>, in the current dispose scope.</summary>
    public RotaryAngles AnglesAt(ReadOnlySpan<long> positions) => rotary.At(positions);

    /// <summary>Last hidden states [N, D], normalised, ready for the vocabulary projection.</summary>
    public Tensor Forward(Tensor embedded, RotaryAngles angles, IAttention attention)
    {
        var hidden = embedded;
        foreach (var layer in stack.Layers)
        {
            var next = layer.Forward(hidden, angles, attention);
            if (!ReferenceEquals(hidden, embedded)) hidden.Dispose();
            hidden = next;
        }

        return stack.Norm.Forward(hidden);
    }

    /// <summary>Logits [N, V] of hidden states [N, D].</summary>
    public Tensor Logits(Tensor hidden) => nn.functional.linear(hidden, Embedding);

    protected override void Dispose(bool disposing)
    {
        if (disposing) rotary.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>What Hugging Face calls "model": embedding, layers, last norm.</summary>
    private sealed class Stack : NamedModule
    {
        public Stack(ModelConfig config, Device device) : base(nameof(Stack))
        {
            Embedding = new TorchSharp.Modules.Parameter(empty(config.VocabularySize, config.HiddenSize, device: device));
            Layers = [.. Enumerable.Range(0, config.Layers).Select(index => new DecoderLayer(index, config, device))];
            Norm = new RmsNorm(config.HiddenSize, config.NormEpsilon, device);
            var embedding = new Container(nameof(Embedding));
            embedding.register_parameter("weight", Embedding);
            register_module("embed_tokens", embedding);
            var layers = new Container(nameof(Layers));
            foreach (var (index, layer) in Layers.Index()) layers.register_module($"{index}", layer);
            register_module("layers", layers);
            register_module("norm", Norm);
        }

        public TorchSharp.Modules.Parameter Embedding { get; }

        public DecoderLayer[] Layers { get; }

        public RmsNorm Norm { get; }
    }

    /// <summary>A level of the parameter names that computes nothing.</summary>
    private sealed class Container(string name) : NamedModule(name);
}
