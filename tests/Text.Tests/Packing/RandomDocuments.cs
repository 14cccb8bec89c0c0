using MiniMind.Text.Datasets;

namespace MiniMind.Text.Tests.Packing;

/// <summary>Seeded documents in which every token occurs once, so that a target can be told from any other.</summary>
internal static class RandomDocuments
{
    public static List<EncodedDocument> Make(int seed, int count, int longest)
    {
        var random = new Random(seed);
        int next = 1;
        var documents = new List<EncodedDocument>();
        for (int i = 0; i < count; i++)
        {
            int[] ids = Enumerable.Range(next, random.Next(0, longest + 1)).ToArray();
            next += ids.Length;
            double density = random.Next(4) switch { 0 => 0, 1 => 0.02, 2 => 0.5, _ => 1 };
            documents.Add(new EncodedDocument(ids, Array.ConvertAll(ids, _ => random.NextDouble() < density)));
        }

        return documents;
    }

    /// <summary>Pairs (token before, target) that the documents ask for, each piece of <paramref name="cut"/> tokens at most when given.</summary>
    public static List<(int Before, int Target)> Pairs(IEnumerable<EncodedDocument> documents, int? cut = null)
    {
        var pairs = new List<(int, int)>();
        foreach (var (ids, mask) in documents)
        {
            for (int i = 1; i < Math.Min(ids.Length, cut ?? int.MaxValue); i++)
                if (mask[i])
                    pairs.Add((ids[i - 1], ids[i]));
        }

        return pairs;
    }
}
