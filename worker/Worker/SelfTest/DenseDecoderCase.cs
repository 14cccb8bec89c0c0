using System.Runtime.InteropServices;
using MiniMind.Text;
using MiniMind.Transformer.Generation;
using MiniMind.Transformer.Training;
using static TorchSharp.torch;

namespace MiniMind.Worker.SelfTest;

/// <summary>Logits, loss, every gradient and greedy generation of a dense minimind-3 decoder.</summary>
public sealed class DenseDecoderCase(string name) : IGoldenCase
{
    /// <summary>The file holds this many prompt tokens before the generated ones.</summary>
    private const int PromptLength = 8;

    public string Name => name;

    public void Run(GoldenFolder folder, GoldenComparison comparison)
    {
        using var tensors = folder.Tensors(name);
        var scalars = folder.Scalars(name);
        var expectedLoss = scalars.Number("loss");
        var greedy = Greedy(scalars);
        using var state = GoldenFolder.State(name, scalars, tensors);
        var ids = GoldenFolder.Ids(tensors, "in/ids", dimensions: 2, state.Config.VocabularySize);
        var labels = GoldenFolder.Ids(tensors, "in/labels", dimensions: 2, state.Config.VocabularySize);
        if (labels.Length != ids.Length) throw new InputException($"{tensors.Path}: tensor in/labels: expected {ids.Length} elements like in/ids, found {labels.Length}");
        var length = (int)tensors.Entry("in/ids").Shape[^1];
        var batch = GoldenFolder.Rows(length, ids, labels);

        CompareLogits("out/logits", batch);
        // The family has no dropout: training and evaluation compute the same. Here row by row, to exercise the unmasked way too.
        CompareRowLogits("out/eval_logits");
        var sums = LanguageModelStep.ForwardBackward(state, batch);
        comparison.Scalar("loss", sums.LossNumerator / sums.Targets, expectedLoss);
        foreach (var slot in state.Slots)
        {
            var gradient = state.GradientMemory.Span.Slice((int)slot.Offset, (int)slot.Length).ToArray();
            for (var i = 0; i < gradient.Length; i++) gradient[i] /= sums.Targets;
            comparison.Tensor($"grad/{slot.Name}", gradient, tensors.ReadFloats($"grad/{slot.Name}"));
        }

        var generated = new TextGenerator(state.Decoder).Generate(greedy[..PromptLength], SamplingOptions.Greedy(greedy.Length - PromptLength));
        comparison.Exact("greedy", [.. greedy[..PromptLength], .. generated], greedy);

        void CompareLogits(string tensor, Microbatch rows)
        {
            using var logits = LanguageModelStep.Logits(state, rows);
            comparison.Tensor(tensor, Values(logits), tensors.ReadFloats(tensor));
        }

        void CompareRowLogits(string tensor)
        {
            var values = new List<float>();
            for (var start = 0; start < ids.Length; start += length)
            {
                var row = ids.AsSpan(start, length);
                using var logits = LanguageModelStep.Logits(state, GoldenFolder.Rows(length, row, row));
                values.AddRange(Values(logits));
            }

            comparison.Tensor(tensor, CollectionsMarshal.AsSpan(values), tensors.ReadFloats(tensor));
        }
    }

    private static int[] Greedy(GoldenScalars scalars)
    {
        var greedy = scalars.Wholes("greedy");
        return greedy.Count > PromptLength ? [.. greedy] : throw new InputException($"{scalars.Place}: greedy: expected more than {PromptLength} ids, the prompt's, found {greedy.Count}");
    }

    private static float[] Values(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes).ToArray();
}
