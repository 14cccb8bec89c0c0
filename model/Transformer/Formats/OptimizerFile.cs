using System.Globalization;
using MiniMind.Text;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Formats;

/// <summary>optimizer.safetensors: both AdamW moments as flat tensors in the order of the parameters, and the number of updates.</summary>
public static class OptimizerFile
{
    public const string FileName = "optimizer.safetensors";
    private const string First = "first_moment";
    private const string Second = "second_moment";
    private const string Step = "optimizer_step";

    /// <summary>Writes from copies of the moments; complete or not at all.</summary>
    public static void Write(string path, ReadOnlyMemory<float> firstMoment, ReadOnlyMemory<float> secondMoment, long optimizerStep) =>
        SafetensorsWriter.Write(
            path,
            [new TensorToWrite(First, [firstMoment.Length], firstMoment), new TensorToWrite(Second, [secondMoment.Length], secondMoment)],
            new Dictionary<string, string> { [Step] = optimizerStep.ToString(CultureInfo.InvariantCulture) });

    /// <summary>Loads moments and step into a state of the same size; nothing changes when they do not fit.</summary>
    /// <exception cref="InputException">Not such a file, or one of another model.</exception>
    public static void Load(TrainingState state, string path)
    {
        using var file = SafetensorsFile.Open(path);
        foreach (var name in new[] { First, Second })
        {
            var entry = file.Entry(name);
            if (entry.Count != state.Count || entry.Type != ElementType.F32)
                throw new InputException($"{path}: tensor {name}: expected F32 [{state.Count}], found {entry.Type} {entry.ShapeText}; it belongs to another model");
        }

        if (!file.Metadata.TryGetValue(Step, out var text) || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var step))
            throw new InputException($"{path}: expected {Step} in the metadata, found {text ?? "none"}");
        var whole = new ParameterSlot("moments", [state.Count], 0, state.Count);
        TrainingState.Import(state.FirstMoment, whole, file.ReadFloats(First));
        TrainingState.Import(state.SecondMoment, whole, file.ReadFloats(Second));
        state.OptimizerStep = step;
    }
}
