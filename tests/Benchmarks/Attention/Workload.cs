using MiniMind.Text.Configuration;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Benchmarks.Attention;

/// <summary>What a stage's microbatches look like: a model, packed sequences, and how many of them are computed at once.</summary>
/// <param name="Model">Heads and widths.</param>
/// <param name="SequenceLength">Slots T of a sequence.</param>
/// <param name="Sequences">Sequences of one microbatch.</param>
/// <param name="Lengths">Where the documents come from.</param>
public sealed record Workload(ModelConfig Model, int SequenceLength, int Sequences, DocumentLengths Lengths)
{
    // As the run files of deploy/runs have them (quickstart: 128; minimind-3: 340 × 6 and 768), and beyond.
    public static readonly Workload[] All =
    [
        new(ModelPresets.Tiny, 128, 1, DocumentLengths.Toy),
        new(ModelPresets.Tiny, 512, 1, DocumentLengths.Toy),
        new(ModelPresets.Tiny, 512, 1, DocumentLengths.Verses),
        new(ModelPresets.MiniMind3, 512, 1, DocumentLengths.Verses),
        new(ModelPresets.MiniMind3, 340, 6, DocumentLengths.Pretrain),
        new(ModelPresets.MiniMind3, 512, 1, DocumentLengths.Pretrain),
        new(ModelPresets.MiniMind3, 2048, 1, DocumentLengths.Pretrain),
        new(ModelPresets.MiniMind3, 768, 1, DocumentLengths.Dialogues),
        new(ModelPresets.MiniMind3, 2048, 1, DocumentLengths.Dialogues),
    ];

    /// <summary>Documents from which sequences are packed: enough for the packer to have a choice, as in a real data set.</summary>
    private const int PackedDocuments = 6000;

    public override string ToString() => $"{Model.Name} {SequenceLength}×{Sequences} {Lengths.Name}";

    /// <summary>Microbatches of sequences that the product's packer has packed, drawn with <paramref name="seed"/>.</summary>
    public IReadOnlyList<DocumentRows> Microbatches(int count, int seed)
    {
        var random = new Random(seed);
        var packer = new SequencePacker(new PackingOptions { SequenceLength = SequenceLength });
        var sequences = new List<PackedSequence>();
        for (var i = 0; i < PackedDocuments; i++)
        {
            var length = Lengths.Draw(random) + 1;
            sequences.AddRange(packer.Add(new EncodedDocument(new int[length], [.. Enumerable.Repeat(true, length)])));
        }

        sequences.AddRange(packer.Finish());
        return [.. Enumerable.Range(0, count).Select(_ => new DocumentRows(SequenceLength, [.. Enumerable.Range(0, Sequences).Select(_ => AnyRow())]))];

        int[] AnyRow()
        {
            var starts = sequences[random.Next(sequences.Count)].DocumentStarts;
            return [.. starts.Zip(starts.Skip(1).Append(SequenceLength), (start, end) => end - start)];
        }
    }
}
