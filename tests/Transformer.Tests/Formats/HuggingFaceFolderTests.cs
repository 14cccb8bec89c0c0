using System.Text;
using System.Text.Json;
using MiniMind.Text;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Tests.Formats;

public sealed class HuggingFaceFolderTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("folder").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_model_is_read_back_as_it_was_written()
    {
        using var state = Sample.State();
        var tokenizer = Path.Combine(root, "tokenizer.json");
        File.WriteAllText(tokenizer, "{}");
        var folder = Path.Combine(root, "model");

        HuggingFaceFolder.Write(state, folder, [tokenizer]);
        using var read = HuggingFaceFolder.Open(folder);

        Assert.Equal(state.Config, read.Config);
        Assert.Equal(WeightsDigest.Compute([state.ParametersMemory]), WeightsDigest.Compute([read.ParametersMemory]));
        Assert.Equal(
            ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        Assert.False(file.Contains("lm_head.weight"));
        Assert.Equal(state.Slots.Select(slot => slot.Name), file.Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void Weights_that_do_not_fit_are_all_named_and_change_nothing()
    {
        using var state = Sample.State();
        var before = WeightsDigest.Compute([state.ParametersMemory]);
        using (var wider = Sample.State(config: Sample.Config with { FeedForwardSize = 64, Layers = 3 }))
        {
            HuggingFaceFolder.Write(wider, root, []);
        }

        var failure = Assert.Throws<InputException>(() => HuggingFaceFolder.Load(state, root));

        Assert.Contains("model.layers.0.mlp.gate_proj.weight: expected [48, 32], found [64, 32]", failure.Message, StringComparison.Ordinal);
        Assert.Contains("model.layers.1.mlp.down_proj.weight: expected [32, 48], found [32, 64]", failure.Message, StringComparison.Ordinal);
        Assert.Contains("model.layers.2.input_layernorm.weight: expected none, found [32]", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, WeightsDigest.Compute([state.ParametersMemory]));
    }

    [Fact]
    public void Missing_weights_are_named()
    {
        using var state = Sample.State();
        var tensors = state.Slots.Skip(1)
            .Select(slot => new TensorToWrite(slot.Name, slot.Shape, state.ParametersMemory.Slice((int)slot.Offset, (int)slot.Length))).ToArray();
        SafetensorsWriter.Write(Path.Combine(root, "model.safetensors"), tensors);

        var failure = Assert.Throws<InputException>(() => HuggingFaceFolder.Load(state, root));

        Assert.Contains($"tensor {state.Slots[0].Name}: expected {state.Slots[0].ShapeText}, found none", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stored_projection_must_be_the_embedding()
    {
        using var state = Sample.State();
        var before = WeightsDigest.Compute([state.ParametersMemory]);
        var slot = state.Slots.Single(slot => slot.Name == "model.embed_tokens.weight");
        var embedding = Sample.Part(state.ParametersMemory, slot).ToArray();
        WriteWith(state, new TensorToWrite("lm_head.weight", slot.Shape, embedding));
        HuggingFaceFolder.Load(state, root);
        Assert.Equal(before, WeightsDigest.Compute([state.ParametersMemory]));

        var other = embedding.ToArray();
        other[^1] += 1;
        foreach (var projection in new[] { new TensorToWrite("lm_head.weight", slot.Shape, other), new TensorToWrite("lm_head.weight", [1], new float[1]) })
        {
            WriteWith(state, projection);
            var failure = Assert.Throws<InputException>(() => HuggingFaceFolder.Load(state, root));
            Assert.Contains("tensor lm_head.weight: expected the values of model.embed_tokens.weight", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_tensor_of_integers_is_refused_before_anything_changes()
    {
        using var state = Sample.State();
        var before = WeightsDigest.Compute([state.ParametersMemory]);
        using (var other = Sample.State(seed: 2)) HuggingFaceFolder.Write(other, root, []);
        var path = Path.Combine(root, "model.safetensors");
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(path));
        // The last tensor as integers, with twice the bytes: the shape stays right.
        var at = text.LastIndexOf("F32", StringComparison.Ordinal);
        var end = state.Count * sizeof(float);
        text = text[..at] + "I64" + text[(at + 3)..].Replace($",{end}]", $",{end + 32 * sizeof(float)}]", StringComparison.Ordinal);
        File.WriteAllBytes(path, [.. Encoding.Latin1.GetBytes(text), .. new byte[32 * sizeof(float)]]);

        var failure = Assert.Throws<InputException>(() => HuggingFaceFolder.Load(state, root));

        Assert.Contains("tensor model.norm.weight: expected [32], found [32] of integers", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, WeightsDigest.Compute([state.ParametersMemory]));
    }

    [Fact]
    public void A_tokenizers_ids_are_written_and_read_back()
    {
        using var state = Sample.State(config: Sample.Config with { BeginningOfSequence = 7, EndOfSequence = 8, Padding = 9 });
        HuggingFaceFolder.Write(state, root, []);
        Assert.Equal(state.Config, HuggingFaceFolder.ReadConfig(root));
        foreach (var file in new[] { "config.json", "generation_config.json" })
        {
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, file)));
            Assert.Equal([7, 8, 9], new[] { "bos_token_id", "eos_token_id", "pad_token_id" }.Select(key => json.RootElement.GetProperty(key).GetInt32()));
        }
    }

    [Theory]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}", "rope_scaling.type: expected default, found linear")]
    [InlineData("\"rope_scaling\": null", "\"rope_parameters\": {\"rope_type\": \"yarn\"}", "rope_parameters.rope_type: expected default, found yarn")]
    [InlineData("\"silu\"", "\"gelu\"", "hidden_act: expected silu, found gelu")]
    [InlineData("\"use_sliding_window\": false", "\"use_sliding_window\": true", "use_sliding_window: expected false, found true")]
    [InlineData("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", "tie_word_embeddings: expected true, found False")]
    [InlineData("\"hidden_size\": 32", "\"hidden_size\": -32", "hidden_size must be positive, found -32")]
    public void A_config_that_computes_something_else_is_refused_by_key(string old, string changed, string message)
    {
        var json = HuggingFaceConfig.Serialize(Sample.Config);
        Assert.Contains(old, json, StringComparison.Ordinal);
        var failure = Assert.Throws<InputException>(() => HuggingFaceConfig.Parse(json.Replace(old, changed, StringComparison.Ordinal)));
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }

    private void WriteWith(TrainingState state, TensorToWrite more) => SafetensorsWriter.Write(Path.Combine(root, "model.safetensors"),
        [.. state.Slots.Select(slot => new TensorToWrite(slot.Name, slot.Shape, state.ParametersMemory.Slice((int)slot.Offset, (int)slot.Length))), more]);

    [Theory]
    [InlineData("tiny")]
    [InlineData("minimind2-small")]
    [InlineData("minimind-3")]
    public void A_preset_survives_its_config_json(string preset) =>
        Assert.Equal(ModelPresets.All[preset], HuggingFaceConfig.Parse(HuggingFaceConfig.Serialize(ModelPresets.All[preset])));

    [Fact]
    public void A_config_with_faults_reports_them_together()
    {
        const string json = """{"model_type": "llama", "hidden_size": "512", "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 9, "tie_word_embeddings": false}""";

        var failure = Assert.Throws<InputException>(() => HuggingFaceConfig.Parse(json, "m/config.json"));

        Assert.StartsWith("m/config.json: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("model_type: expected qwen3, found llama", failure.Message, StringComparison.Ordinal);
        Assert.Contains("tie_word_embeddings: expected true, found False", failure.Message, StringComparison.Ordinal);
        Assert.Contains("hidden_size: expected a whole number, found 512", failure.Message, StringComparison.Ordinal);
        Assert.Contains("intermediate_size: expected a whole number, found none", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_config_that_is_no_json_names_the_line()
    {
        Assert.StartsWith("config.json:2: ", Assert.Throws<InputException>(() => HuggingFaceConfig.Parse("{\n\"a\"")).Message, StringComparison.Ordinal);
        Assert.Contains("found no such file", Assert.Throws<InputException>(() => HuggingFaceFolder.ReadConfig(root)).Message, StringComparison.Ordinal);
    }
}
