using System.Globalization;

namespace MiniMind.Text.Configuration;

/// <summary>
/// Sizes of a decoder: everything that decides the shapes of its tensors, and the constants of its forward pass.
/// Lives beside the text code because the coordinator checks sizes without loading tensors.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>The flat buffers hold at most 2 GiB each.</summary>
    private const int MostParameters = int.MaxValue / sizeof(float);

    /// <summary>Name of the preset that these sizes came from, or "custom".</summary>
    public string Name { get; init; } = "custom";

    /// <summary>Width D of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads. HiddenSize is divisible by it unless <see cref="HeadSize"/> is set.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads (grouped-query attention); divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of one head; 0 means HiddenSize / Heads. Even, because RoPE turns pairs.</summary>
    public int HeadSize { get; init; }

    /// <summary>Width of the SwiGLU feed-forward; 0 means the minimind-3 rule ceil(D·π/64)·64.</summary>
    public int FeedForwardSize { get; init; }

    /// <summary>Token ids run from 0 to VocabularySize - 1.</summary>
    public int VocabularySize { get; init; } = 6400;

    /// <summary>Longest position that the model card promises.</summary>
    public int MaxPositions { get; init; } = 32768;

    /// <summary>Base of the rotary angles.</summary>
    public double RopeTheta { get; init; } = 1e6;

    /// <summary>Epsilon of every RMSNorm.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>
    /// Standard deviation of the first weights of embeddings and matrices. Changes no shape. Small models learn faster from larger ones
    /// (about 1/√HiddenSize).
    /// </summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The tokenizer's id that begins a document. Changes no bit of the weights: written for programs that open the model.</summary>
    public int BeginningOfSequence { get; init; } = 1;

    /// <summary>The tokenizer's id that ends a document; likewise.</summary>
    public int EndOfSequence { get; init; } = 2;

    /// <summary>The tokenizer's id that fills up sequences; likewise.</summary>
    public int Padding { get; init; }

    /// <summary><see cref="HeadSize"/>, resolved.</summary>
    public int HeadWidth => HeadSize > 0 ? HeadSize : HiddenSize / Heads;

    /// <summary><see cref="FeedForwardSize"/>, resolved.</summary>
    public int FeedForwardWidth => FeedForwardSize > 0 ? FeedForwardSize : (int)Math.Ceiling(HiddenSize * Math.PI / 64) * 64;

    /// <summary>Parameters of the whole model, tied embeddings counted once.</summary>
    public long ParameterCount => checked((long)ExactParameterCount);

    /// <summary>In arithmetic that no sizes overflow.</summary>
    private Int128 ExactParameterCount
    {
        get
        {
            var attention = (Int128)HiddenSize * HeadWidth * (2L * Heads + 2L * KeyValueHeads) + 2L * HeadWidth;
            var width = FeedForwardSize > 0 ? FeedForwardSize : (long)Math.Ceiling(HiddenSize * Math.PI / 64) * 64;
            var feedForward = (Int128)3 * HiddenSize * width;
            return (Int128)VocabularySize * HiddenSize + Layers * (attention + feedForward + 2L * HiddenSize) + HiddenSize;
        }
    }

    /// <summary>Every reason why no such model can be built; empty when it can.</summary>
    public IReadOnlyList<ConfigFault> Faults()
    {
        var faults = new List<ConfigFault>();
        void Require(bool ok, string field, string message)
        {
            if (!ok) faults.Add(new ConfigFault(field, message));
        }

        Require(HiddenSize > 0, nameof(HiddenSize), $"must be positive, found {HiddenSize}");
        Require(Layers > 0, nameof(Layers), $"must be positive, found {Layers}");
        Require(Heads > 0, nameof(Heads), $"must be positive, found {Heads}");
        Require(KeyValueHeads > 0, nameof(KeyValueHeads), $"must be positive, found {KeyValueHeads}");
        Require(VocabularySize > 0, nameof(VocabularySize), $"must be positive, found {VocabularySize}");
        Require(MaxPositions > 0, nameof(MaxPositions), $"must be positive, found {MaxPositions}");
        Require(InitializerRange > 0, nameof(InitializerRange), $"must be positive, found {InitializerRange}");
        Require(HeadSize >= 0, nameof(HeadSize), $"must not be negative, found {HeadSize}");
        Require(FeedForwardSize >= 0, nameof(FeedForwardSize), $"must not be negative, found {FeedForwardSize}");
        if (faults.Count > 0) return faults;
        Require(HeadSize > 0 || HiddenSize % Heads == 0, nameof(Heads), $"{Heads} heads do not divide the hidden size {HiddenSize}");
        Require(Heads % KeyValueHeads == 0, nameof(KeyValueHeads), $"{KeyValueHeads} key-value heads do not divide {Heads} heads");
        Require(HeadWidth % 2 == 0, nameof(Heads), $"a head of width {HeadWidth} is odd, RoPE needs an even one");
        Require(ExactParameterCount <= MostParameters, nameof(HiddenSize),
            string.Create(CultureInfo.InvariantCulture, $"and the other sizes make {ExactParameterCount} parameters, expected at most {MostParameters} (2 GiB of float32)"));
        return faults;
    }
}

/// <summary>One reason why a configuration is impossible: the field of <see cref="ModelConfig"/> and what is wrong with it.</summary>
public sealed record ConfigFault(string Field, string Message);
