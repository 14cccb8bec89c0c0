using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Optimization;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using MiniMind.Worker.SelfTest;

namespace MiniMind.Worker.Tests.SelfTest;

/// <summary>A golden folder made by this program itself: it checks the runner, not the numbers.</summary>
internal static class SyntheticGolden
{
    public const int HiddenSize = 8;
    public const int Vocabulary = 11;
    private const int Steps = 3;
    private const int Length = 6;

    /// <summary>Writes trajectory.json and trajectory.safetensors.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="firstId">Written in place of the first id that was trained on.</param>
    public static void WriteTrajectory(string folder, long firstId = 0)
    {
        TorchRuntime.Initialize(threads: 1);
        using var state = TrainingState.Create(new ModelConfig
        {
            HiddenSize = HiddenSize,
            Layers = 1,
            Heads = 2,
            KeyValueHeads = 1,
            VocabularySize = Vocabulary,
        });
        state.Initialize(seed: 3);
        var before = state.ParametersMemory.ToArray();
        var ids = Enumerable.Range(0, Steps * Length).Select(i => (long)(7 * i % Vocabulary)).ToArray();
        var losses = new List<double>();
        var norms = new List<double>();
        for (var step = 0; step < Steps; step++)
        {
            var row = ids.AsSpan(step * Length, Length);
            state.ZeroGradient();
            var sums = LanguageModelStep.ForwardBackward(state, GoldenFolder.Rows(Length, row, row));
            norms.Add(AdamW.Apply(state, sums.Targets, LearningRate.At(step + 1, Steps, 0, 1e-3, "cosine"), new AdamWOptions()).GradientNorm);
            losses.Add(sums.LossNumerator / sums.Targets);
        }

        File.WriteAllText(Path.Combine(folder, "trajectory.json"), JsonSerializer.Serialize(new
        {
            config = new { hidden_size = HiddenSize, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 1, vocab_size = Vocabulary },
            losses,
            grad_norms = norms,
        }));
        ids[0] = firstId;
        WriteTensors(Path.Combine(folder, "trajectory.safetensors"),
        [
            ("in/ids", "I64", [Steps, 1, Length], MemoryMarshal.AsBytes(ids.AsSpan()).ToArray()),
            .. Weights("final/", state.Slots, state.ParametersMemory.ToArray()),
            .. Weights("w/", state.Slots, before),
        ]);
    }

    private static IEnumerable<(string, string, long[], byte[])> Weights(string prefix, IReadOnlyList<ParameterSlot> slots, float[] values) =>
        slots.Select(slot => (prefix + slot.Name, "F32", slot.Shape.ToArray(),
            MemoryMarshal.AsBytes(values.AsSpan((int)slot.Offset, (int)slot.Length)).ToArray()));

    private static void WriteTensors(string path, IReadOnlyList<(string Name, string Type, long[] Shape, byte[] Data)> tensors)
    {
        var offset = 0;
        var entries = new Dictionary<string, object>();
        foreach (var tensor in tensors)
        {
            entries[tensor.Name] = new { dtype = tensor.Type, shape = tensor.Shape, data_offsets = new[] { offset, offset + tensor.Data.Length } };
            offset += tensor.Data.Length;
        }

        var header = JsonSerializer.SerializeToUtf8Bytes(entries);
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        File.WriteAllBytes(path, [.. prefix, .. header, .. tensors.SelectMany(tensor => tensor.Data)]);
    }
}
