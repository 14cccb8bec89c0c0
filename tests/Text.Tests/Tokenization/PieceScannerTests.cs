using System.Text.RegularExpressions;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class PieceScannerTests
{
    private static readonly Regex Gpt2 = new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");

    private static List<string> Pieces(string text)
    {
        var pieces = new List<string>();
        for (int at = 0; at < text.Length; at += pieces[^1].Length)
            pieces.Add(text.Substring(at, PieceScanner.NextLength(text.AsSpan(at))));
        return pieces;
    }

    [Fact]
    public void Pieces_equal_those_of_the_expression_on_the_basic_plane()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            string text = new([.. RandomText.Make(seed).Where(c => !char.IsSurrogate(c))]);
            Assert.Equal(Gpt2.Matches(text).Select(match => match.Value), Pieces(text));
        }
    }

    [Fact]
    public void Pieces_letters_beyond_the_basic_plane_are_letters() => Assert.Equal(["𠮷野家", " 𝐇i", "!", " 🙂"], Pieces("𠮷野家 𝐇i! 🙂"));
}
