using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class TokenizerStatisticsTests
{
    [Fact]
    public void Figures_are_those_of_the_texts()
    {
        var tokenizer = TestTokenizers.ChatML;
        var statistics = new TokenizerStatistics(tokenizer);
        string[] texts = ["the 北京 🙂", "", "the the\ud800"];
        foreach (string text in texts) statistics.Add(text);
        // The half of a pair counts as the replacement character that it becomes.
        Assert.Equal((8L + 8, 4L + 6 + 1 + 4 + 7 + 3, 0L), (statistics.Characters, statistics.Bytes, statistics.Lossy));
        var ids = texts.SelectMany(tokenizer.Encode).ToList();
        Assert.Equal((ids.Count, ids.Distinct().Count()), (statistics.Tokens, statistics.TokensUsed));
        Assert.Equal(16.0 / ids.Count, statistics.CharactersPerToken);
    }

    [Fact]
    public void There_are_samples_of_four_kinds()
    {
        Assert.Equal(["Chinese", "English", "Code", "Mixed"], TokenizerSamples.All.Select(sample => sample.Kind));
        Assert.All(TokenizerSamples.All, sample => Assert.InRange(sample.Text.Length, 300, 2000));
        Assert.DoesNotContain(TokenizerSamples.All, sample => sample.Text.Contains('\uFFFD'));
    }
}
