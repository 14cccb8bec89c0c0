using System.Text.Json;
using System.Text.Json.Nodes;

namespace MiniMind.Text.Configuration;

/// <summary>config.json of Hugging Face's Qwen3ForCausalLM, which computes exactly what the minimind-3 dense decoder computes.</summary>
public static class HuggingFaceConfig
{
    /// <summary>File name inside a model folder.</summary>
    public const string FileName = "config.json";

    private const string ModelType = "qwen3";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The JSON text, the same for the same sizes, with a newline at its end.</summary>
    public static string Serialize(ModelConfig config)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("Qwen3ForCausalLM"),
            ["model_type"] = ModelType,
            ["minimind_name"] = config.Name,
            ["hidden_size"] = config.HiddenSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadWidth,
            ["intermediate_size"] = config.FeedForwardWidth,
            ["vocab_size"] = config.VocabularySize,
            ["max_position_embeddings"] = config.MaxPositions,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["rope_theta"] = config.RopeTheta,
            ["rope_scaling"] = null,
            ["hidden_act"] = "silu",
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["tie_word_embeddings"] = true,
            ["use_sliding_window"] = false,
            ["sliding_window"] = null,
            ["initializer_range"] = config.InitializerRange,
            ["use_cache"] = true,
            ["bos_token_id"] = config.BeginningOfSequence,
            ["eos_token_id"] = config.EndOfSequence,
            ["pad_token_id"] = config.Padding,
            ["torch_dtype"] = "float32",
        };
        return json.ToJsonString(Indented) + "\n";
    }

    /// <summary>Reads the sizes back.</summary>
    /// <param name="json">Text of a config.json.</param>
    /// <param name="path">Named in messages.</param>
    /// <exception cref="InputException">No JSON, another architecture, or missing and impossible sizes, all faults together.</exception>
    public static ModelConfig Parse(string json, string path = FileName)
    {
        using var document = ParseJson(json, path);
        var root = document.RootElement;
        var faults = new List<string>();
        RequireSupported(root, faults);
        var config = new ModelConfig
        {
            Name = root.TryGetProperty("minimind_name", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString()! : "custom",
            HiddenSize = Size(root, "hidden_size", faults),
            Layers = Size(root, "num_hidden_layers", faults),
            Heads = Size(root, "num_attention_heads", faults),
            KeyValueHeads = Size(root, "num_key_value_heads", faults),
            HeadSize = Size(root, "head_dim", faults, 0),
            FeedForwardSize = Size(root, "intermediate_size", faults),
            VocabularySize = Size(root, "vocab_size", faults),
            MaxPositions = Size(root, "max_position_embeddings", faults, 32768),
            NormEpsilon = Number(root, "rms_norm_eps", faults, 1e-6),
            RopeTheta = RopeTheta(root, faults),
            InitializerRange = Number(root, "initializer_range", faults, 0.02),
            BeginningOfSequence = Id(root, "bos_token_id", faults, 1),
            EndOfSequence = Id(root, "eos_token_id", faults, 2),
            Padding = Id(root, "pad_token_id", faults, 0),
        };
        if (faults.Count == 0) faults.AddRange(config.Faults().Select(fault => $"{KeyOf(fault.Field)} {fault.Message}"));
        if (faults.Count > 0) throw new InputException($"{path}: {string.Join("; ", faults)}");
        // What follows from the other sizes stays unsaid, as in the presets, so that a config read back equals the one written.
        return config with
        {
            HeadSize = config.HeadSize * config.Heads == config.HiddenSize ? 0 : config.HeadSize,
            FeedForwardSize = config.FeedForwardSize == (config with { FeedForwardSize = 0 }).FeedForwardWidth ? 0 : config.FeedForwardSize,
        };
    }

    private static JsonDocument ParseJson(string json, string path)
    {
        try
        {
            var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw new InputException($"{path}: expected a JSON object");
        }
        catch (JsonException failure)
        {
            throw new InputException($"{path}:{failure.LineNumber + 1}: expected JSON: {failure.Message}", failure);
        }
    }

    private static void RequireSupported(JsonElement root, List<string> faults)
    {
        var type = root.TryGetProperty("model_type", out var found) && found.ValueKind == JsonValueKind.String ? found.GetString() : "none";
        if (type != ModelType) faults.Add($"model_type: expected {ModelType}, found {type}");
        if (root.TryGetProperty("tie_word_embeddings", out var tied) && tied.ValueKind != JsonValueKind.True)
            faults.Add($"tie_word_embeddings: expected true, found {tied}");
        foreach (var key in new[] { "rope_scaling", "rope_parameters" }) RequirePlainRope(root, key, faults);
        foreach (var key in new[] { "attention_bias", "use_sliding_window" })
            if (root.TryGetProperty(key, out var set) && set.ValueKind == JsonValueKind.True)
                faults.Add($"{key}: expected false, found true");
        if (root.TryGetProperty("hidden_act", out var activation) && activation.ToString() != "silu")
            faults.Add($"hidden_act: expected silu, found {activation}");
    }

    /// <summary>Positions that are stretched compute something else. Older files say "type" for "rope_type".</summary>
    private static void RequirePlainRope(JsonElement root, string key, List<string> faults)
    {
        if (!root.TryGetProperty(key, out var rope) || rope.ValueKind != JsonValueKind.Object) return;
        foreach (var name in new[] { "rope_type", "type" })
            if (rope.TryGetProperty(name, out var kind) && kind.ToString() != "default")
                faults.Add($"{key}.{name}: expected default, found {kind}");
    }

    private static string KeyOf(string field) => field switch
    {
        nameof(ModelConfig.HiddenSize) => "hidden_size",
        nameof(ModelConfig.Layers) => "num_hidden_layers",
        nameof(ModelConfig.Heads) => "num_attention_heads",
        nameof(ModelConfig.KeyValueHeads) => "num_key_value_heads",
        nameof(ModelConfig.HeadSize) => "head_dim",
        nameof(ModelConfig.FeedForwardSize) => "intermediate_size",
        nameof(ModelConfig.VocabularySize) => "vocab_size",
        nameof(ModelConfig.MaxPositions) => "max_position_embeddings",
        nameof(ModelConfig.InitializerRange) => "initializer_range",
        _ => field,
    };

    /// <summary>A token's id; of several (some files list all that end an answer) the first.</summary>
    private static int Id(JsonElement root, string key, List<string> faults, int fallback) =>
        root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number && value[0].TryGetInt32(out var first)
            ? first
            : Size(root, key, faults, fallback);

    private static int Size(JsonElement root, string key, List<string> faults, int? fallback = null)
    {
        if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            if (fallback is null) faults.Add($"{key}: expected a whole number, found none");
            return fallback ?? 0;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var size)) return size;
        faults.Add($"{key}: expected a whole number, found {value}");
        return 0;
    }

    private static double Number(JsonElement root, string key, List<string> faults, double fallback)
    {
        if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number > 0) return number;
        faults.Add($"{key}: expected a number above 0, found {value}");
        return fallback;
    }

    /// <summary>At the top level, or under rope_parameters as newer versions of transformers write it.</summary>
    private static double RopeTheta(JsonElement root, List<string> faults) =>
        !root.TryGetProperty("rope_theta", out _) && root.TryGetProperty("rope_parameters", out var rope) && rope.ValueKind == JsonValueKind.Object
            ? Number(rope, "rope_theta", faults, 1e6)
            : Number(root, "rope_theta", faults, 1e6);
}
