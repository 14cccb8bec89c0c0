using System.Text;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class LongPieceEncoderTests
{
    private const string Letters = "thequickbrownfoxesaiouTHE北京上海城市是的一個";

    /// <summary>Tokenizer sends pieces of up to 256 chars to the library, so there the two ways can be compared.</summary>
    [Fact]
    public void Encode_gives_the_ids_of_the_library()
    {
        foreach (var tokenizer in TestTokenizers.All())
        {
            var file = TokenizerFile.Read(tokenizer.Files[0]);
            var longPieces = new LongPieceEncoder(file.Vocabulary, file.Merges);
            var random = new Random(7);
            for (int i = 0; i < 200; i++)
            {
                string piece = new([.. Enumerable.Range(0, random.Next(1, 257)).Select(_ => Letters[random.Next(Letters.Length)])]);
                var ids = new List<int>();
                longPieces.Encode(piece, ids);
                Assert.Equal(tokenizer.Encode(piece), ids);
            }
        }
    }

    [Fact]
    public void Encode_a_megabyte_without_a_break_comes_back_whole()
    {
        var text = new StringBuilder();
        var random = new Random(11);
        while (text.Length < 400_000) text.Append(Letters[random.Next(Letters.Length)]);
        string piece = text.ToString();
        Assert.Equal(piece, TestTokenizers.ChatML.Decode(TestTokenizers.ChatML.Encode(piece)));
    }
}
