using System.Text;
using Microsoft.ML.Tokenizers;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class PieceEncoderTests
{
    private const string Letters = "thequickbrownfoxesaiouTHE北京上海城市是的一個é🙂";

    private static readonly Rune[] Runes = [.. Letters.EnumerateRunes()];

    private static string Piece(Random random, int runes) => string.Concat(Enumerable.Range(0, runes).Select(_ => Runes[random.Next(Runes.Length)]));

    /// <summary>Microsoft.ML.Tokenizers merges on its own; on single pieces the two must agree, however long and however often a piece comes.</summary>
    [Fact]
    public void Encode_gives_the_ids_of_an_independent_library()
    {
        foreach (var tokenizer in TestTokenizers.All())
        {
            var file = TokenizerFile.Read(tokenizer.Files[0]);
            var pieces = new PieceEncoder(file.Vocabulary, file.Merges);
            var reference = BpeTokenizer.Create(new BpeOptions(file.Vocabulary) { Merges = file.Merges.Select(merge => $"{merge.Left} {merge.Right}"), ByteLevel = true });
            var random = new Random(7);
            for (int i = 0; i < 600; i++)
            {
                string piece = Piece(random, i % 3 == 0 ? random.Next(1, 4) : random.Next(1, 300));
                var ids = new List<int> { -5 };
                pieces.Encode(piece, ids);
                Assert.Equal([-5, .. reference.EncodeToIds(piece)], ids);
            }
        }
    }

    /// <summary>Some bytes have no token in a vocabulary that was not given all of them.</summary>
    [Fact]
    public void Bytes_without_a_token_are_left_out()
    {
        var vocabulary = new Dictionary<string, int> { ["a"] = 0, ["b"] = 1, ["ab"] = 2 };
        var pieces = new PieceEncoder(vocabulary, [("a", "b")]);
        var ids = new List<int>();
        pieces.Encode("acb", ids);
        pieces.Encode("ccc", ids);
        pieces.Encode("", ids);
        Assert.Equal([2], ids);
    }

    [Fact]
    public void Encode_a_megabyte_without_a_break_comes_back_whole()
    {
        var text = new StringBuilder();
        var random = new Random(11);
        while (text.Length < 400_000) text.Append(Runes[random.Next(Runes.Length)]);
        string piece = text.ToString();
        Assert.Equal(piece, TestTokenizers.ChatML.Decode(TestTokenizers.ChatML.Encode(piece)));
    }

    /// <summary>Many more pieces than are remembered, from several threads at once.</summary>
    [Fact]
    public void What_is_remembered_never_changes_an_id()
    {
        var tokenizer = TestTokenizers.ChatML;
        var random = new Random(3);
        string[] texts = [.. Enumerable.Range(0, 4000).Select(_ => string.Join(' ', Enumerable.Range(0, 20).Select(_ => Piece(random, random.Next(1, 5)))))];
        var file = TokenizerFile.Read(tokenizer.Files[0]);
        int[][] once = [.. texts.Select(text => Fresh(file, text))];
        for (int round = 0; round < 2; round++)
        {
            var together = texts.AsParallel().AsOrdered().WithDegreeOfParallelism(4).Select(tokenizer.Encode).ToArray();
            Assert.Equal(once, together);
        }
    }

    private static int[] Fresh(TokenizerFile file, string text)
    {
        var merges = new MergeTable(file.Vocabulary, file.Merges);
        var ids = new List<int>();
        for (int at = 0; at < text.Length;)
        {
            int length = PieceScanner.NextLength(text.AsSpan(at));
            int[] symbols = [.. Encoding.UTF8.GetBytes(text.Substring(at, length)).Select(value => file.Vocabulary[ByteAlphabet.CharOf(value).ToString()])];
            ids.AddRange(symbols[..PieceMerger.Merge(symbols, merges)]);
            at += length;
        }

        return [.. ids];
    }
}
