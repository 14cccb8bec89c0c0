using MiniMind.Text;
using MiniMind.Text.Configuration;
using MiniMind.Text.Tokenization;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Training;

namespace MiniMind.Worker.SelfTest;

/// <summary>A folder of golden files, and what their formats mean (its README describes them).</summary>
public sealed class GoldenFolder
{
    private readonly string _tokenizers;

    /// <param name="tokenizers">Folder with a folder per tokenizer; null: data/tokenizers beside the golden folder.</param>
    /// <exception cref="InputException">No such folder.</exception>
    public GoldenFolder(string path, string? tokenizers = null)
    {
        Root = path;
        _tokenizers = tokenizers ?? System.IO.Path.Combine(path, "..", "data", "tokenizers");
        if (!Directory.Exists(path)) throw new InputException($"--golden {path}: expected a folder of reference cases, found no such folder");
    }

    public string Root { get; }

    /// <summary>Every case that has files here, in alphabetical order, whether or not it can be run.</summary>
    public IReadOnlyList<string> CaseNames()
    {
        var tensors = Directory.EnumerateFiles(Root, "*.safetensors").Select(file => System.IO.Path.GetFileNameWithoutExtension(file))
            .Where(name => File.Exists(Path($"{name}.json")));
        var texts = Directory.Exists(Path("text"))
            ? Directory.EnumerateFiles(Path("text"), "*.jsonl").Select(file => $"text/{System.IO.Path.GetFileName(file)}")
            : [];
        return [.. tensors.Order(StringComparer.Ordinal), .. texts.Order(StringComparer.Ordinal)];
    }

    /// <summary>Full path of a file of this folder.</summary>
    public string Path(string relative) => System.IO.Path.Combine(Root, relative);

    /// <summary>One of MiniMind's tokenizers.</summary>
    /// <exception cref="InputException">It is not there.</exception>
    public Tokenizer Tokenizer(string name)
    {
        var folder = System.IO.Path.Combine(_tokenizers, name);
        return File.Exists(System.IO.Path.Combine(folder, "tokenizer.json"))
            ? Text.Tokenization.Tokenizer.Load(folder)
            : throw new InputException($"--tokenizers: expected a folder with {name}/tokenizer.json, found none in {_tokenizers}");
    }

    /// <summary>The tensors of a case.</summary>
    public SafetensorsFile Tensors(string name) => SafetensorsFile.Open(Path($"{name}.safetensors"));

    /// <summary>The scalars of a case.</summary>
    public GoldenScalars Scalars(string name) => GoldenScalars.Read(Path($"{name}.json"));

    /// <summary>A new state with the case's sizes and the weights under "w/".</summary>
    /// <exception cref="InputException">Sizes that are missing or impossible, or a tensor that does not fit them.</exception>
    public static TrainingState State(string name, GoldenScalars scalars, SafetensorsFile tensors)
    {
        var sizes = scalars.Under("config");
        var config = new ModelConfig
        {
            Name = name,
            HiddenSize = sizes.Whole("hidden_size"),
            Layers = sizes.Whole("num_hidden_layers"),
            Heads = sizes.Whole("num_attention_heads"),
            KeyValueHeads = sizes.Whole("num_key_value_heads"),
            VocabularySize = sizes.Whole("vocab_size"),
        };
        if (config.Faults() is { Count: > 0 } faults)
            throw new InputException($"{sizes.Place}: {string.Join("; ", faults.Select(fault => $"{fault.Field} {fault.Message}"))}");
        var state = TrainingState.Create(config);
        try
        {
            foreach (var slot in state.Slots) tensors.ReadFloats($"w/{slot.Name}", state.ParametersMemory.Span.Slice((int)slot.Offset, (int)slot.Length));
            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Token ids of a case, or labels, where -100 stands for none.</summary>
    /// <param name="tensors">The case's tensors.</param>
    /// <param name="tensor">Which one.</param>
    /// <param name="dimensions">[.., B, T]: so many.</param>
    /// <param name="vocabulary">Ids are below it.</param>
    /// <exception cref="InputException">No such tensor, another shape, or an id outside the vocabulary; file and tensor are named.</exception>
    public static long[] Ids(SafetensorsFile tensors, string tensor, int dimensions, int vocabulary)
    {
        const int none = -100;
        var entry = tensors.Entry(tensor);
        if (entry.Shape.Count != dimensions || entry.Count == 0)
            throw new InputException($"{tensors.Path}: tensor {tensor}: expected {dimensions} dimensions with elements, found {entry.ShapeText}");
        var ids = tensors.ReadIntegers(tensor);
        var wrong = Array.FindIndex(ids, id => id != none && (id < 0 || id >= vocabulary));
        return wrong < 0 ? ids : throw new InputException($"{tensors.Path}: tensor {tensor}: expected ids from 0 to {vocabulary - 1}, found {ids[wrong]} at {wrong}");
    }

    /// <summary>A microbatch of rows [B, T] that are one document each, from ids and labels that are not yet shifted.</summary>
    /// <param name="length">T.</param>
    /// <param name="ids">[B·T].</param>
    /// <param name="labels">[B·T], -100 for none: the model predicts label i + 1 after token i.</param>
    public static Microbatch Rows(int length, ReadOnlySpan<long> ids, ReadOnlySpan<long> labels)
    {
        var rows = new List<(int[], int[], int[])>();
        for (var start = 0; start < ids.Length; start += length)
        {
            var tokens = new int[length];
            var targets = new int[length];
            for (var i = 0; i < length; i++)
            {
                tokens[i] = (int)ids[start + i];
                targets[i] = i + 1 < length ? (int)Math.Max(-1, labels[start + i + 1]) : -1;
            }

            rows.Add((tokens, targets, [0]));
        }

        return Microbatch.FromSequences(length, rows);
    }
}
