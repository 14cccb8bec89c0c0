using MiniMind.Benchmarks.Attention;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Benchmarks.Packing;

/// <summary>Seeded documents of given lengths, with any ids.</summary>
internal static class GeneratedDocuments
{
    /// <summary>Ids are below it.</summary>
    public const int Vocabulary = 6400;

    public static IReadOnlyList<EncodedDocument> Of(DocumentLengths lengths, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Document(lengths.Draw(random) + 1, random))];
    }

    /// <summary>All sequences that a packer makes of <paramref name="documents"/>.</summary>
    public static IReadOnlyList<PackedSequence> Pack(IReadOnlyList<EncodedDocument> documents, PackingOptions options)
    {
        var packer = new SequencePacker(options);
        return [.. documents.SelectMany(packer.Add), .. packer.Finish()];
    }

    private static EncodedDocument Document(int length, Random random) =>
        new([.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))], [.. Enumerable.Repeat(true, length)]);
}
