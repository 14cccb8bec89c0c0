using MiniMind.Text.Configuration;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>Reads "model": the name of a preset, or a mapping of sizes on top of a preset or of nothing.</summary>
internal sealed class ModelReader(MappingReader top, FaultList faults)
{
    private static readonly string[] Presets = [.. ModelPresets.All.Keys.Order(StringComparer.Ordinal)];

    /// <param name="node">The value of "model".</param>
    /// <param name="vocabulary">Tokens of the run's tokenizer, where they are known already.</param>
    public ModelConfig Read(YamlNode node, int? vocabulary)
    {
        if (node is YamlMappingNode mapping) return ReadMapping(mapping, vocabulary);
        var preset = Preset(top.Choice("model", ModelPresets.Tiny.Name, Presets));
        return preset with { VocabularySize = vocabulary ?? preset.VocabularySize };
    }

    private ModelConfig ReadMapping(YamlMappingNode mapping, int? vocabulary)
    {
        var reader = new MappingReader(mapping, "model", faults);
        bool named = reader.Find("preset") is not null;
        var basis = Preset(reader.Choice("preset", ModelPresets.Tiny.Name, Presets));
        var sizes = new ModelConfig
        {
            HiddenSize = Size("hidden_size", basis.HiddenSize, required: true),
            Layers = Size("layers", basis.Layers, required: true),
            Heads = Size("heads", basis.Heads, required: true),
            KeyValueHeads = Size("key_value_heads", named ? basis.KeyValueHeads : 0, required: true),
            HeadSize = Size("head_size", named ? basis.HeadSize : 0, required: false),
            FeedForwardSize = Size("feed_forward_size", named ? basis.FeedForwardSize : 0, required: false),
            MaxPositions = Size("max_positions", named ? basis.MaxPositions : 32768, required: false),
            RopeTheta = reader.Number("rope_theta", basis.RopeTheta, value => value > 1, "a number above 1"),
            InitializerRange = reader.Number("initializer_range", named ? basis.InitializerRange : 0.02, value => value is > 0 and < 10, "a positive number"),
            NormEpsilon = reader.Number("norm_epsilon", basis.NormEpsilon, value => value is > 0 and < 1, "a number between 0 and 1"),
            VocabularySize = Size("vocabulary_size", vocabulary ?? basis.VocabularySize, required: false),
        };
        reader.RejectUnknownKeys();
        if (vocabulary > sizes.VocabularySize)
            reader.Fault("vocabulary_size", $"at least the tokenizer's {vocabulary} tokens", $"'{sizes.VocabularySize}'", "raise it, or leave it out");
        foreach (var fault in sizes.Faults()) reader.Fault(KeyOf(fault.Field), "sizes that fit together", fault.Message, "change one of them");
        return sizes with { Name = NameOf(sizes, basis, named) };

        int Size(string key, int fallback, bool required)
        {
            if (required && !named && reader.Find(key) is null)
                reader.Fault(key, "a size", "nothing", $"add it, or start from a preset: 'preset: {ModelPresets.Tiny.Name}'");
            int least = required || key is "max_positions" or "vocabulary_size" ? 1 : 0;
            return reader.Integer32(key, fallback == 0 && least == 1 ? 1 : fallback, least, 1 << 20);
        }
    }

    private static ModelConfig Preset(string name) => ModelPresets.All[name];

    private static string NameOf(ModelConfig sizes, ModelConfig basis, bool named)
    {
        bool same = sizes with { Name = basis.Name, VocabularySize = basis.VocabularySize } == basis;
        return named && same ? basis.Name : "custom";
    }

    private static string KeyOf(string field) => field switch
    {
        nameof(ModelConfig.HiddenSize) => "hidden_size",
        nameof(ModelConfig.KeyValueHeads) => "key_value_heads",
        nameof(ModelConfig.HeadSize) => "head_size",
        nameof(ModelConfig.FeedForwardSize) => "feed_forward_size",
        nameof(ModelConfig.MaxPositions) => "max_positions",
        nameof(ModelConfig.VocabularySize) => "vocabulary_size",
        _ => field.ToLowerInvariant(),
    };
}
