using System.Globalization;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;

namespace MiniMind.Transformer.Tests;

/// <summary>Small models and seeded sequences for tests.</summary>
internal static class Sample
{
    public static readonly ModelConfig Config = new()
    {
        Name = "sample",
        HiddenSize = 32,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        FeedForwardSize = 48,
        VocabularySize = 53,
        MaxPositions = 512,
    };

    /// <summary>Short documents and a longer one.</summary>
    public static readonly int[] Documents = [3, 20, 1, 90, 7, 30];

    public static TrainingState State(ulong seed = 1, ModelConfig? config = null)
    {
        var state = TrainingState.Create(config ?? Config);
        state.Initialize(seed);
        // Larger weights than the initial ones: otherwise attention is nearly uniform and hides mistakes.
        foreach (ref var value in state.ParametersMemory.Span) value *= value == 1f ? 1f : 10f;
        return state;
    }

    public static int[] Tokens(int count, int seed, int vocabulary = 53)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }

    /// <summary>One row: every document predicts its own next token, its last token and every seventh nothing.</summary>
    public static (int[] Tokens, int[] Targets, int[] DocumentStarts) Row(IReadOnlyList<int> documents, int seed, int vocabulary = 53)
    {
        var tokens = Tokens(documents.Sum(), seed, vocabulary);
        var targets = tokens.Skip(1).Append(-1).ToArray();
        var starts = new List<int>();
        var start = 0;
        foreach (var length in documents)
        {
            starts.Add(start);
            start += length;
            targets[start - 1] = -1;
        }

        for (var i = 3; i < targets.Length; i += 7) targets[i] = -1;
        return (tokens, targets, [.. starts]);
    }

    public static Microbatch Packed(params int[] seeds) =>
        Microbatch.FromSequences(Documents.Sum(), [.. seeds.Select(seed => Row(Documents, seed))]);

    /// <summary>Digest of the gradient of a fixed microbatch: equal in every process on one kind of machine.</summary>
    public static string GradientDigest(int threads)
    {
        var before = TorchRuntime.Threads;
        TorchRuntime.Initialize(threads);
        try
        {
            // Large enough that libtorch really divides the work.
            using var state = State(config: Config with { HiddenSize = 128, FeedForwardSize = 320, VocabularySize = 1031 });
            var rows = new[] { 1, 2, 3 }.Select(seed => Row(Documents, seed, 1031)).ToArray();
            var sums = LanguageModelStep.ForwardBackward(state, Microbatch.FromSequences(Documents.Sum(), rows));
            var digest = WeightsDigest.Compute([state.GradientMemory]);
            return string.Create(CultureInfo.InvariantCulture, $"{digest:x32} {BitConverter.DoubleToInt64Bits(sums.LossNumerator):x}");
        }
        finally
        {
            TorchRuntime.Initialize(before);
        }
    }

    /// <summary>‖a−b‖₂ / ‖b‖₂.</summary>
    public static double RelativeError(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = 0, size = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            difference += Math.Pow((double)actual[i] - expected[i], 2);
            size += Math.Pow(expected[i], 2);
        }

        return difference == 0 ? 0 : Math.Sqrt(difference / size);
    }

    public static Span<float> Part(Memory<float> flat, ParameterSlot slot) => flat.Span.Slice((int)slot.Offset, (int)slot.Length);
}
