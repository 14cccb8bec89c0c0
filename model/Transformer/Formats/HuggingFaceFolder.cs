using System.Globalization;
using MiniMind.Text;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Layers;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Formats;

/// <summary>
/// A model as a folder that Hugging Face transformers opens as it stands: model.safetensors, config.json,
/// generation_config.json and the tokenizer's files.
/// </summary>
public static class HuggingFaceFolder
{
    public const string WeightsFile = "model.safetensors";
    public const string GenerationFile = "generation_config.json";

    /// <summary>Of the tied projection; some writers store it although it equals the embedding.</summary>
    private const string TiedProjection = "lm_head.weight";

    /// <summary>Writes the folder from a state; see the other overload.</summary>
    public static void Write(TrainingState state, string folder, IReadOnlyList<string> tokenizerFiles) =>
        Write(state.Config, state.Slots, HostParameters(state), folder, tokenizerFiles);

    /// <summary>
    /// Writes the folder from a copy of the parameters (a snapshot, when training goes on meanwhile). Each file appears
    /// complete or not at all; the bytes depend on nothing but the arguments.
    /// </summary>
    /// <param name="config">Sizes.</param>
    /// <param name="slots">The layout of <paramref name="parameters"/>.</param>
    /// <param name="parameters">The flat buffer.</param>
    /// <param name="folder">Created when missing.</param>
    /// <param name="tokenizerFiles">Paths of the files to copy beside the weights.</param>
    public static void Write(
        ModelConfig config, IReadOnlyList<ParameterSlot> slots, ReadOnlyMemory<float> parameters, string folder, IReadOnlyList<string> tokenizerFiles)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, WeightsFile),
            [.. slots.Select(slot => new TensorToWrite(slot.Name, slot.Shape, parameters.Slice((int)slot.Offset, (int)slot.Length)))]);
        AtomicFile.Write(Path.Combine(folder, HuggingFaceConfig.FileName), HuggingFaceConfig.Serialize(config));
        AtomicFile.Write(Path.Combine(folder, GenerationFile), GenerationConfig(config));
        foreach (var file in tokenizerFiles)
        {
            var target = Path.Combine(folder, Path.GetFileName(file));
            if (Path.GetFullPath(target) == Path.GetFullPath(file)) continue;
            var content = File.ReadAllBytes(file);
            AtomicFile.Write(target, stream => stream.Write(content));
        }
    }

    /// <summary>The sizes in a folder's config.json, or in that file itself.</summary>
    /// <exception cref="InputException">No such file, or not a configuration that can be built here.</exception>
    public static ModelConfig ReadConfig(string folderOrFile)
    {
        var path = Directory.Exists(folderOrFile) ? Path.Combine(folderOrFile, HuggingFaceConfig.FileName) : folderOrFile;
        if (!File.Exists(path)) throw new InputException($"{path}: expected a model's configuration, found no such file");
        return HuggingFaceConfig.Parse(File.ReadAllText(path), path);
    }

    /// <summary>A new state with the sizes and weights of <paramref name="folder"/>; without <paramref name="trainable"/> a quarter of the memory.</summary>
    public static TrainingState Open(string folder, string device = "cpu", bool trainable = true)
    {
        var state = TrainingState.Create(ReadConfig(folder), device, trainable);
        try
        {
            Load(state, folder);
            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Loads the weights of <paramref name="folder"/> into a state of the same sizes; nothing changes when they do not fit.</summary>
    /// <exception cref="InputException">
    /// Missing, surplus or misshapen tensors, or integers, all of them in one message; a projection that is not the embedding.
    /// </exception>
    public static void Load(TrainingState state, string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        RequireSameTensors(file, state.Slots);
        RequireTied(file);
        foreach (var slot in state.Slots) TrainingState.Import(state.Parameters, slot, file.ReadFloats(slot.Name));
    }

    private static void RequireSameTensors(SafetensorsFile file, IReadOnlyList<ParameterSlot> slots)
    {
        var faults = new List<string>();
        foreach (var slot in slots)
        {
            if (!file.Contains(slot.Name)) faults.Add($"tensor {slot.Name}: expected {slot.ShapeText}, found none");
            else if (file.Entry(slot.Name) is var entry && (!entry.Shape.SequenceEqual(slot.Shape) || entry.Type == ElementType.I64))
                faults.Add($"tensor {slot.Name}: expected {slot.ShapeText}, found {entry.ShapeText}{(entry.Type == ElementType.I64 ? " of integers" : "")}");
        }

        var known = slots.Select(slot => slot.Name).Append(TiedProjection).ToHashSet(StringComparer.Ordinal);
        faults.AddRange(file.Entries.Where(entry => !known.Contains(entry.Name)).Select(entry => $"tensor {entry.Name}: expected none, found {entry.ShapeText}"));
        if (faults.Count > 0) throw new InputException($"{file.Path}: the weights do not fit the model: {string.Join("; ", faults)}");
    }

    /// <summary>A projection of its own would compute other logits than the embedding that stands for it here.</summary>
    private static void RequireTied(SafetensorsFile file)
    {
        if (!file.Contains(TiedProjection)) return;
        var (stored, embedding) = (file.Entry(TiedProjection), file.Entry(Decoder.EmbeddingName));
        var same = stored.Shape.SequenceEqual(embedding.Shape) && file.ReadFloats(TiedProjection).AsSpan().SequenceEqual(file.ReadFloats(Decoder.EmbeddingName));
        if (!same)
            throw new InputException($"{file.Path}: tensor {TiedProjection}: expected the values of {Decoder.EmbeddingName} {embedding.ShapeText}, found others {stored.ShapeText}; only tied embeddings are supported");
    }

    /// <summary>The ids that begin, end and pad, and how MiniMind samples.</summary>
    private static string GenerationConfig(ModelConfig config) => string.Create(CultureInfo.InvariantCulture,
        $$"""
        {
          "bos_token_id": {{config.BeginningOfSequence}},
          "eos_token_id": {{config.EndOfSequence}},
          "pad_token_id": {{config.Padding}},
          "do_sample": true,
          "temperature": 0.85,
          "top_p": 0.85
        }

        """);

    private static ReadOnlyMemory<float> HostParameters(TrainingState state) =>
        state.Device.type == TorchSharp.DeviceType.CPU ? state.ParametersMemory : TrainingState.Export(state.Parameters);
}
