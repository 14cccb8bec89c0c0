using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Coordinator.Tokenizers;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Tokenizers;

public sealed class TrainedTokenizerTests : IDisposable
{
    private const string Good = "{\"text\": \"the dog and the fox\"}\n";

    // The second is JSON whose text is none: half of a surrogate pair.
    private const string Bad = "{\"text\": \"the d\n{\"text\": \"\\ud800\"}\n";

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _told = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_bad_line_is_refused_with_its_place_and_what_to_do()
    {
        var fault = Assert.Throws<InputException>(() => Train(Good + Bad, BadLines.Fail, "out"));

        Assert.StartsWith($"{_folder["data.jsonl"]}:2: broken JSON", fault.Message, StringComparison.Ordinal);
        Assert.Contains("bad_lines: skip", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder["out"], "tokenizer.json")));
    }

    [Fact]
    public void Bad_lines_skipped_are_counted_and_leave_the_tokenizer_of_the_good_ones()
    {
        Train(Good + Bad + Good, BadLines.Skip, "mixed");

        Assert.Contains(_told, line => line.StartsWith($"tokenizer: 2 bad lines skipped: {_folder["data.jsonl"]}:2: broken JSON", StringComparison.Ordinal));
        Train(Good + Good, BadLines.Fail, "good");
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["good"], "tokenizer.json")), File.ReadAllBytes(Path.Combine(_folder["mixed"], "tokenizer.json")));
    }

    [Fact]
    public void A_tokenizer_that_was_trained_on_skipped_lines_is_not_taken_where_they_are_refused()
    {
        Train(Good + Bad, BadLines.Skip, "out");

        Assert.Throws<InputException>(() => Train(Good + Bad, BadLines.Fail, "out"));
    }

    [Fact]
    public void Data_without_any_text_is_refused()
    {
        var fault = Assert.Throws<InputException>(() => Train(Bad, BadLines.Skip, "out"));

        Assert.Contains("found none", fault.Message, StringComparison.Ordinal);
    }

    private void Train(string data, BadLines badLines, string folder)
    {
        var stage = new TokenizerStage { Name = "tokenizer", Data = [_folder.Write("data.jsonl", data)], VocabularySize = 300, Seed = 42, BadLines = badLines };
        new TrainedTokenizer(stage, _folder[folder]).Load(_told.Add, CancellationToken.None);
    }
}
