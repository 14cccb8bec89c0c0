using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Text.Tests.Packing;

public sealed class SequencePackerTests
{
    private static (List<PackedSequence> Sequences, PackingTotals Totals) Pack(IEnumerable<EncodedDocument> documents, PackingOptions options)
    {
        var packer = new SequencePacker(options);
        var sequences = documents.SelectMany(packer.Add).ToList();
        sequences.AddRange(packer.Finish());
        return (sequences, packer.Totals);
    }

    private static PackingOptions Random(int seed, LongDocuments longDocuments)
    {
        var random = new Random(seed);
        return new PackingOptions
        {
            SequenceLength = random.Next(2, 65),
            LongDocuments = longDocuments,
            WindowPieces = random.Next(1, 40),
            WindowSlots = random.Next(1, 2000),
        };
    }

    private static IEnumerable<(int Before, int Target)> Pairs(IEnumerable<PackedSequence> sequences) => sequences.SelectMany(sequence =>
        sequence.Tokens.Zip(sequence.Targets).Where(slot => slot.Second != PackedSequence.NoTarget));

    /// <summary>A document of any length may wait for its place: what was cut off it must not wait in memory.</summary>
    [Fact]
    public void What_is_cut_off_a_document_is_let_go_at_once()
    {
        var packer = new SequencePacker(new PackingOptions { SequenceLength = 8, LongDocuments = LongDocuments.Cut });
        var ids = AddLong(packer);

        GC.Collect();

        Assert.False(ids.IsAlive);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], Assert.Single(packer.Finish()).Tokens[..7]);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference AddLong(SequencePacker packer)
        {
            int[] ids = [.. Enumerable.Range(1, 100_000)];
            packer.Add(new EncodedDocument(ids, [.. ids.Select(_ => true)]));
            return new WeakReference(ids);
        }
    }

    [Fact]
    public void Split_conserves_every_target_exactly_once()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var documents = RandomDocuments.Make(seed, 120, longest: 150);
            var (sequences, totals) = Pack(documents, Random(seed, LongDocuments.Split));
            var expected = RandomDocuments.Pairs(documents);
            Assert.Equal(expected.Order(), Pairs(sequences).Order());
            Assert.Equal((expected.Count, sequences.Count, 0), (totals.Targets, totals.Sequences, totals.Cut));
            Assert.Equal(documents.Count(document => document.TargetMask.Skip(1).Contains(true)), totals.Documents);
            Assert.Equal((documents.Count, 0), (totals.Documents + totals.Dropped, totals.DroppedByCut));
        }
    }

    [Fact]
    public void Split_counts_the_pieces_that_nothing_is_learned_from()
    {
        long pieces = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            var documents = RandomDocuments.Make(seed, 120, longest: 150);
            var options = Random(seed, LongDocuments.Split);
            var totals = Pack(documents, options).Totals;
            var bare = documents.Select(document => document.TargetMask.Skip(1).ToArray()).Where(mask => mask.Contains(true))
                .SelectMany(mask => mask.Chunk(options.SequenceLength)).Where(piece => !piece.Contains(true)).ToList();
            Assert.Equal((bare.Count, bare.Sum(piece => piece.Length)), (totals.DroppedPieces, totals.DroppedPieceTokens));
            pieces += totals.DroppedPieces;
        }

        Assert.NotEqual(0, pieces);
    }

    [Fact]
    public void Cut_keeps_the_first_tokens_of_a_sequences_length()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var documents = RandomDocuments.Make(seed, 120, longest: 150);
            var options = Random(seed, LongDocuments.Cut);
            var (sequences, totals) = Pack(documents, options);
            Assert.Equal(RandomDocuments.Pairs(documents, options.SequenceLength).Order(), Pairs(sequences).Order());
            Assert.Equal(documents.Count, totals.Documents + totals.Dropped);
            CheckCut(documents, options.SequenceLength, totals);
        }
    }

    private static void CheckCut(List<EncodedDocument> documents, int length, PackingTotals totals)
    {
        var kept = documents.Where(document => document.TargetMask.Take(length).Skip(1).Contains(true)).ToList();
        int[] lost = [.. kept.Select(document => Math.Max(0, document.Ids.Length - length))];
        Assert.Equal((kept.Count, lost.Count(tokens => tokens > 0), lost.Sum()), (totals.Documents, totals.Cut, totals.CutTokens));
        Assert.Equal(documents.Except(kept).Count(document => document.TargetMask.Skip(length).Contains(true)), totals.DroppedByCut);
        Assert.Equal(0, totals.DroppedPieces);
    }

    [Fact]
    public void A_pair_is_dropped_by_the_cut_only_if_both_sides_had_a_target_before()
    {
        static EncodedDocument Side(params int[] targets) => new([.. Enumerable.Range(1, 7)], [.. Enumerable.Range(0, 7).Select(at => targets.Contains(at))]);
        EncodedDocument[] pairs =
        [
            Side(1, 6) with { Rejected = Side(4) }, // kept: half a sequence is four slots
            Side(1) with { Rejected = Side(6) }, // the cut takes one side's target
            Side(6) with { Rejected = Side(5) }, // and here that of both
            Side(1) with { Rejected = Side() }, // never had one
        ];

        var totals = Pack(pairs, new PackingOptions { SequenceLength = 8 }).Totals;

        Assert.Equal(new PackingTotals { Documents = 1, Sequences = 1, Tokens = 8, Targets = 2, Cut = 1, CutTokens = 4, Dropped = 3, DroppedByCut = 2 }, totals);
    }

    [Fact]
    public void Totals_add_up_in_every_figure()
    {
        var totals = new PackingTotals { Documents = 1, Sequences = 2, Tokens = 3, Targets = 4, Cut = 5, CutTokens = 6, Dropped = 7, DroppedByCut = 8, DroppedPieces = 9, DroppedPieceTokens = 10 };
        foreach (var figure in typeof(PackingTotals).GetProperties())
            Assert.Equal(2 * (long)figure.GetValue(totals)!, figure.GetValue(totals + totals));
        Assert.Equal(10, typeof(PackingTotals).GetProperties().Select(figure => figure.GetValue(totals)).Distinct().Count(figure => figure is > 0L));
    }

    [Fact]
    public void Sequences_are_made_of_whole_documents_and_one_of_padding_at_the_end()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var options = Random(seed, LongDocuments.Split) with { Padding = 0 };
            var (sequences, totals) = Pack(RandomDocuments.Make(seed, 80, longest: 100), options);
            foreach (var sequence in sequences)
            {
                Assert.Equal((options.SequenceLength, options.SequenceLength), (sequence.Tokens.Length, sequence.Targets.Length));
                Assert.Equal(0, sequence.DocumentStarts[0]);
                Assert.Equal(sequence.DocumentStarts.Distinct().Order(), sequence.DocumentStarts);
                CheckDocuments(sequence);
            }

            Assert.Equal(totals.Tokens, sequences.Sum(sequence => sequence.Tokens.Count(token => token != 0)));
        }
    }

    /// <summary>Ids of a document are consecutive (so made), padding is one document at the end without targets.</summary>
    private static void CheckDocuments(PackedSequence sequence)
    {
        int padding = Array.IndexOf(sequence.Tokens, 0);
        if (padding >= 0)
        {
            Assert.Equal(padding, sequence.DocumentStarts[^1]);
            Assert.All(sequence.Tokens[padding..], token => Assert.Equal(0, token));
            Assert.All(sequence.Targets[padding..], target => Assert.Equal(PackedSequence.NoTarget, target));
        }

        for (int slot = 1; slot < (padding < 0 ? sequence.Tokens.Length : padding); slot++)
            if (!sequence.DocumentStarts.Contains(slot))
                Assert.Equal(sequence.Tokens[slot - 1] + 1, sequence.Tokens[slot]);
    }

    [Fact]
    public void Same_documents_give_the_same_sequences()
    {
        var options = new PackingOptions { SequenceLength = 64, WindowPieces = 32 };
        var first = Pack(RandomDocuments.Make(5, 300, 60), options).Sequences;
        var second = Pack(RandomDocuments.Make(5, 300, 60), options).Sequences;
        Assert.Equal(first.Select(sequence => string.Join(' ', sequence.Tokens)), second.Select(sequence => string.Join(' ', sequence.Tokens)));
    }

    [Fact]
    public void Small_documents_fill_more_than_99_percent()
    {
        var documents = RandomDocuments.Make(9, 4000, longest: 200).ConvertAll(document => document with { TargetMask = [.. document.Ids.Select(_ => true)] });
        var (sequences, totals) = Pack(documents, new PackingOptions { SequenceLength = 256 });
        Assert.InRange((double)totals.Tokens / (sequences.Count * 256), 0.99, 1);
    }

    [Fact]
    public void Document_of_exactly_the_length_plus_one_fills_a_sequence_without_padding()
    {
        var document = new EncodedDocument([5, 6, 7, 8, 9], [true, true, true, true, true]);
        var sequence = Assert.Single(Pack([document], new PackingOptions { SequenceLength = 4 }).Sequences);
        Assert.Equal([5, 6, 7, 8], sequence.Tokens);
        Assert.Equal([6, 7, 8, 9], sequence.Targets);
        Assert.Equal([0], sequence.DocumentStarts);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<InputException>(() => new SequencePacker(new PackingOptions { SequenceLength = 1 }));
        Assert.Throws<InputException>(() => new SequencePacker(new PackingOptions { SequenceLength = 8, WindowPieces = 0 }));
        Assert.Throws<InputException>(() => new SequencePacker(new PackingOptions { SequenceLength = 8, Padding = -1 }));
    }
}
