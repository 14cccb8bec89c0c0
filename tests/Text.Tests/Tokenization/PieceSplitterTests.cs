using System.Text.RegularExpressions;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class PieceSplitterTests
{
    private const string Llama3Expression =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>A character beyond U+FFFF is one character to an expression, and has its own category. The pieces are those of Hugging Face's library.</summary>
    [Theory]
    [InlineData(Llama3Expression, "🙂abc", "🙂abc")]
    [InlineData(Llama3Expression, "🙂🙂abc", "🙂🙂|abc")]
    [InlineData(Llama3Expression, "𝒜b c", "𝒜b| c")]
    [InlineData(Llama3Expression, "𠀀𠀁x 1𝟏23", "𠀀𠀁x| |1𝟏2|3")]
    [InlineData(".", "a🙂b", "a|🙂|b")]
    [InlineData(@"\p{L}+", "a🙂 b", "a|🙂 |b")]
    public void Expression_of_a_file_sees_characters(string expression, string text, string pieces)
    {
        Assert.Equal(pieces.Split('|'), Split(new PieceSplitter(new Dictionary<string, int>(), new Regex(expression)), text));
    }

    [Fact]
    public void Of_added_tokens_that_begin_at_the_same_place_the_longest_is_taken()
    {
        var splitter = new PieceSplitter(new Dictionary<string, int> { ["<a>"] = 1, ["<a><b>"] = 2, ["b"] = 3 }, expression: null);
        Assert.Equal(["x", "2", "<", "3", ">", " ", " y", "1"], Split(splitter, "x<a><b><b>  y<a>"));
    }

    private static List<string> Split(PieceSplitter splitter, string text)
    {
        var pieces = new List<string>();
        splitter.Split(text, new Collector(pieces));
        return pieces;
    }

    private readonly struct Collector(List<string> pieces) : IPieceSink
    {
        public void Take(ReadOnlySpan<char> piece) => pieces.Add(piece.ToString());

        public void TakeAdded(int id) => pieces.Add($"{id}");
    }

    [Fact]
    public void Every_representative_has_the_category_that_it_stands_for()
    {
        for (var value = 0x10000; value <= 0x10FFFF; value++)
        {
            var rune = new System.Text.Rune(value);
            var units = new SingleUnits(rune.ToString());
            Assert.Equal((System.Text.Rune.GetUnicodeCategory(rune), 2), (char.GetUnicodeCategory(Assert.Single(units.Text)), units.OriginalLength(0, 1)));
        }
    }
}
