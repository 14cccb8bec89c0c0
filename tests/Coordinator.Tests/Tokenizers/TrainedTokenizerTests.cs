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

    [Fact]
    public void A_begun_runs_tokenizer_is_not_trained_on_other_texts_and_file_and_key_are_named()
    {
        Train(Good, BadLines.Fail, "out");
        var trained = File.ReadAllBytes(_folder["out/tokenizer.json"]);
        Train(Good, BadLines.Fail, "out", begun: true);

        var fault = Assert.Throws<InputException>(() => Train(Good + "{\"text\": \"zebra zebra\"}\n", BadLines.Fail, "out", begun: true));

        Assert.Contains($"Changed: tokenizer.data: {_folder["data.jsonl"]}. Undo that", fault.Message, StringComparison.Ordinal);
        Assert.Equal(trained, File.ReadAllBytes(_folder["out/tokenizer.json"]));
        Assert.Contains("settings of the stage 'tokenizer'", Assert.Throws<InputException>(() => Train(Good, BadLines.Skip, "out", begun: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_begun_runs_tokenizer_that_is_gone_is_trained_again()
    {
        Train(Good, BadLines.Fail, "out");
        var trained = File.ReadAllBytes(_folder["out/tokenizer.json"]);
        Directory.Delete(_folder["out"], recursive: true);

        Train(Good, BadLines.Fail, "out", begun: true);

        Assert.Equal(trained, File.ReadAllBytes(_folder["out/tokenizer.json"]));
    }

    [Fact]
    public void Fewer_tokens_than_were_asked_for_are_explained()
    {
        Train(Good, BadLines.Fail, "out", size: 5000);
        Assert.StartsWith("tokenizer: 294 tokens, fewer than the vocabulary_size of 5,000: no other pair of tokens occurs 2 times", _told[^1], StringComparison.Ordinal);

        _told.Clear();
        Train(Good, BadLines.Fail, "small", size: 294);
        Assert.DoesNotContain(_told, line => line.Contains("fewer", StringComparison.Ordinal));
    }

    /// <summary>What the lines of a file are, its name says: texts, or JSON.</summary>
    [Fact]
    public void The_same_bytes_under_a_name_of_another_kind_are_other_texts()
    {
        var lines = Good.Split('\n');
        void Train(string name) => new TrainedTokenizer(
            new TokenizerStage { Name = "tokenizer", Data = [_folder.Write(name, string.Join('\n', lines))], VocabularySize = 300, Seed = 42, BadLines = BadLines.Fail }, _folder["out"]).Load(_told.Add, CancellationToken.None);
        Train("data.jsonl");
        Train("moved.jsonl");
        Assert.Single(_told, line => line.StartsWith("training", StringComparison.Ordinal));

        Train("data.txt");

        Assert.Equal(2, _told.Count(line => line.StartsWith("training", StringComparison.Ordinal)));
    }

    private void Train(string data, BadLines badLines, string folder, bool begun = false, int size = 300)
    {
        var stage = new TokenizerStage { Name = "tokenizer", Data = [_folder.Write("data.jsonl", data)], VocabularySize = size, Seed = 42, BadLines = badLines };
        new TrainedTokenizer(stage, _folder[folder], begun).Load(_told.Add, CancellationToken.None);
    }
}
