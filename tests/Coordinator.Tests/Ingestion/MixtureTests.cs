using MiniMind.Coordinator.Ingestion;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Tests.Ingestion;

/// <summary>Weights of files, formats of files, pairs, and the account of all lines.</summary>
public sealed class MixtureTests : IDisposable
{
    private readonly IngestionFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static IEnumerable<string> Texts(int count, string word = "dog") => Enumerable.Range(0, count).Select(number => $"{word} {number}");

    private static void AssertAccounted(IngestedDataset dataset)
    {
        var sides = new[] { dataset.Training.Totals, dataset.Validation?.Totals ?? new PackingTotals() };
        Assert.Equal(dataset.Lines.Read + dataset.Lines.Repeated, sides.Sum(side => side.Documents + side.Dropped) + dataset.Lines.Bad.Count + dataset.Lines.LeftOut);
    }

    [Theory]
    [InlineData(1, 400, 400)]
    [InlineData(3, 1200, 1200)]
    [InlineData(0.25, 60, 140)]
    [InlineData(2.5, 920, 1080)]
    public async Task A_files_weight_says_how_often_its_documents_are_taken(double weight, int least, int most)
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(400)), _fixture.WriteTexts("b.jsonl", Texts(50, "fox")));
        request = request with { Sources = [request.Sources[0] with { Weight = weight }, request.Sources[1]] };
        var dataset = await IngestionFixture.Ingest(request);
        var counts = _fixture.Texts(dataset, dataset.Training).CountBy(text => text).ToDictionary();
        Assert.All(Texts(50, "fox"), text => Assert.Equal(1, counts[text]));
        Assert.InRange(Texts(400).Sum(text => counts.GetValueOrDefault(text)), least, most);
        Assert.All(Texts(400), text => Assert.InRange(counts.GetValueOrDefault(text), (int)Math.Floor(weight), (int)Math.Ceiling(weight)));
        AssertAccounted(dataset);
    }

    [Fact]
    public async Task Held_out_documents_and_bad_lines_are_taken_once_whatever_the_weight()
    {
        string path = _fixture.Write("a.jsonl", [.. Texts(500).Select(text => $"{{\"text\": \"{text}\"}}"), "{", "7"]);
        var request = _fixture.Request(path) with { ValidationFraction = 0.2, BadLines = BadLines.Skip };
        request = request with { Sources = [request.Sources[0] with { Weight = 3 }] };
        var dataset = await IngestionFixture.Ingest(request);
        var validation = _fixture.Texts(dataset, dataset.Validation!);
        Assert.Equal(validation.Distinct().Count(), validation.Count);
        Assert.Empty(validation.Intersect(_fixture.Texts(dataset, dataset.Training)));
        Assert.Equal((502L, 2L, 2L * (500 - validation.Count)), (dataset.Lines.Read, dataset.Lines.Bad.Count, dataset.Lines.Repeated));
        AssertAccounted(dataset);
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public async Task Compressed_files_give_the_sequences_of_plain_ones(string packing)
    {
        string path = _fixture.WriteTexts("a.jsonl", Texts(900));
        var plain = await IngestionFixture.Ingest(_fixture.Request(path));
        var packed = await IngestionFixture.Ingest(_fixture.Request(IngestionFixture.Compress(path, packing)));
        Assert.NotEqual(plain.Key, packed.Key);
        Assert.Equal(plain.Training.ToJson(), packed.Training.ToJson());
    }

    [Fact]
    public async Task Lines_of_a_text_file_are_documents()
    {
        string path = _fixture.Write("novel.txt", "the \"dog\" \\ n", "", "  and the fox ", "\u00e9");
        var dataset = await IngestionFixture.Ingest(_fixture.Request(path));
        Assert.Equal(["  and the fox ", "the \"dog\" \\ n", "\u00e9"], _fixture.Texts(dataset, dataset.Training).Order(StringComparer.Ordinal));
    }

    /// <summary>Both sides of a pair are in one sequence, the chosen one first, and no sequence holds half a pair.</summary>
    [Fact]
    public async Task Pairs_stay_together_and_each_side_keeps_at_most_half_a_sequence()
    {
        static string Pair(int number, int length) => $$"""
            {"chosen": [{"role": "user", "content": "{{number}}"}, {"role": "assistant", "content": "yes{{string.Concat(Enumerable.Repeat(" dog", length))}}"}], "rejected": [{"role": "user", "content": "{{number}}"}, {"role": "assistant", "content": "no"}]}
            """.Trim();
        string path = _fixture.Write("dpo.jsonl", [.. Enumerable.Range(0, 60).Select(number => Pair(number, number))]);
        var dataset = await IngestionFixture.Ingest(_fixture.Request(path) with { Kind = "dpo", Packing = new PackingOptions { SequenceLength = 128 } });
        var texts = _fixture.Texts(dataset, dataset.Training);
        Assert.Equal(120, texts.Count);
        for (int at = 0; at < texts.Count; at += 2)
        {
            Assert.Contains("yes", texts[at], StringComparison.Ordinal);
            Assert.Contains("no", texts[at + 1], StringComparison.Ordinal);
            Assert.Equal(texts[at].Split('\n')[1], texts[at + 1].Split('\n')[1]);
        }

        Assert.Equal((60L, 0L), (dataset.Training.Totals.Documents, dataset.Training.Totals.Dropped));
        Assert.InRange(dataset.Training.Totals.Cut, 1, 59);
        Assert.True(dataset.Training.Totals.CutTokens > dataset.Training.Totals.Cut);
    }
}
