using System.Text.Json;
using MiniMind.Protos;
using MiniMind.Text.Configuration;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;
using MiniMind.Text.Tokenization;
using MiniMind.Transformer.Runtime;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Tests.Artifacts;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.Tests.Training;

/// <summary>From the lines of a data file to gradients, by the way that training takes: encoder, packing, shard, microbatches.</summary>
public sealed class PackedDocumentsTests : IDisposable
{
    private const int Length = 192;
    private const double Tolerance = 1e-5;

    private static readonly string[] Words = ["user", "assistant", "asks", "answers", "the", "a", "long", "question", "Brevik", "lighthouse", "1871"];

    private readonly TempFolder _folder = new();
    private readonly Tokenizer _tokenizer;

    public PackedDocumentsTests()
    {
        TorchRuntime.Initialize(threads: 1);
        var options = new BpeTrainerOptions { SpecialTokens = SpecialToken.MiniMind3, VocabularySize = SpecialToken.MiniMind3.Count + 256 + 40 };
        BpeTrainer.Train([string.Join(' ', Words)], options).Save(_folder.File("tokenizer"));
        _tokenizer = Tokenizer.Load(_folder.File("tokenizer"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("pretrain")]
    [InlineData("sft")]
    public void Packed_loss_and_gradients_equal_the_sum_over_single_documents(string kind)
    {
        var encoder = DocumentEncoders.For(kind, _tokenizer);
        var documents = Lines(kind).Select(encoder.Encode).ToList();
        Assert.All(documents, document => Assert.InRange(document.Ids.Length, 2, Length + 1));
        using var data = Pack(documents, out var sequences);
        Assert.InRange(sequences, 3, documents.Count / 2);
        using var packed = State();
        using var single = State();

        var sums = Batches(data).Select(batch => LanguageModelStep.ForwardBackward(packed, batch)).Aggregate(MicrobatchSums.Add);
        var expected = documents.Select(document => LanguageModelStep.ForwardBackward(single, Alone(document))).Aggregate(MicrobatchSums.Add);

        Assert.Equal(documents.Sum(document => document.TargetMask.Skip(1).LongCount(target => target)), sums.Targets);
        Assert.Equal((expected.Targets, expected.Correct), (sums.Targets, sums.Correct));
        Assert.InRange(Math.Abs(sums.LossNumerator - expected.LossNumerator) / expected.LossNumerator, 0, Tolerance);
        foreach (var slot in packed.Slots)
        {
            var error = RelativeError(Part(packed, slot), Part(single, slot));
            Assert.True(error <= Tolerance, $"{slot.Name}: {error}");
        }
    }

    /// <summary>Documents of many lengths, the same ones every time.</summary>
    private static IEnumerable<JsonElement> Lines(string kind)
    {
        var random = new Random(3);
        for (var i = 0; i < 14; i++)
        {
            var conversation = new[] { new { role = "user", content = Sentence(6) }, new { role = "assistant", content = Sentence(4) } };
            yield return kind == "sft" ? JsonSerializer.SerializeToElement(new { conversations = conversation }) : JsonSerializer.SerializeToElement(new { text = Sentence(24) });
        }

        string Sentence(int most) => string.Join(' ', Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => Words[random.Next(Words.Length)]));
    }

    private StageData Pack(IEnumerable<EncodedDocument> documents, out int sequences)
    {
        var packer = new SequencePacker(new PackingOptions { SequenceLength = Length, Padding = _tokenizer.Padding });
        var path = _folder.File("train.shard");
        using (var writer = new ShardWriter(path, Length, _tokenizer.VocabularySize))
        {
            foreach (var sequence in documents.SelectMany(packer.Add).Concat(Deferred(packer.Finish))) writer.Write(sequence);
            writer.Complete();
            sequences = (int)writer.Count;
        }

        var spec = new StageSpec { SequenceLength = Length, Lanes = 2, MicrobatchesPerLane = 1, SequencesPerMicrobatch = 2, Epochs = 1, Seed = 5 };
        return new StageData(spec, [path], []);
    }

    /// <summary>Asks only when all before it has been taken.</summary>
    private static IEnumerable<PackedSequence> Deferred(Func<IReadOnlyList<PackedSequence>> rest)
    {
        foreach (var sequence in rest()) yield return sequence;
    }

    private static IEnumerable<Microbatch> Batches(StageData data) =>
        from step in Enumerable.Range(1, (int)data.Order.TotalSteps) from lane in Enumerable.Range(0, 2) from batch in data.Training(step, lane) select batch;

    /// <summary>A document as the only one of a row without padding: a token's target is the next one, where the mask says so.</summary>
    private static Microbatch Alone(EncodedDocument document)
    {
        var (ids, mask) = document;
        var targets = Enumerable.Range(1, ids.Length - 1).Select(i => mask[i] ? ids[i] : PackedSequence.NoTarget).ToArray();
        return Microbatch.FromSequences(targets.Length, [(ids[..^1], targets, [0])]);
    }

    private TrainingState State()
    {
        var state = TrainingState.Create(new ModelConfig
        {
            HiddenSize = 32, Layers = 2, Heads = 4, KeyValueHeads = 2, FeedForwardSize = 48, VocabularySize = _tokenizer.VocabularySize, MaxPositions = Length,
        });
        state.Initialize(seed: 1);
        // Weights of training rather than of its start: those of the norms differ from 1, and attention is far from uniform.
        var random = new Random(2);
        foreach (ref var value in state.ParametersMemory.Span) value = value == 1f ? 0.5f + random.NextSingle() : value * 10f;
        return state;
    }

    private static Span<float> Part(TrainingState state, ParameterSlot slot) => state.GradientMemory.Span.Slice((int)slot.Offset, (int)slot.Length);

    /// <summary>‖a−b‖₂ / ‖b‖₂.</summary>
    private static double RelativeError(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double difference = 0, size = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            difference += Math.Pow((double)actual[i] - expected[i], 2);
            size += Math.Pow(expected[i], 2);
        }

        Assert.True(size > 0, "there is no gradient to compare with");
        return Math.Sqrt(difference / size);
    }
}
