using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Coordinator.Tokenizers;
using MiniMind.Text;
using MiniMind.Text.Tokenization;
using Spectre.Console;

namespace MiniMind.Coordinator.Tests.Tokenizers;

public sealed class TokenizerCommandsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _table = new();

    public TokenizerCommandsTests()
    {
        File.WriteAllLines(_folder["a.jsonl"], Enumerable.Range(0, 300).Select(number => $$"""{"text": "the fox number {{number}} 跑过了河 🙂"}"""));
        File.WriteAllLines(_folder["b.txt"], Enumerable.Range(0, 300).Select(number => $"the dog number {number}"));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _output.Dispose();
        _table.Dispose();
    }

    private TrainTokenizerOptions Training => new() { Files = [_folder["a.jsonl"], _folder["b.txt"]], Out = _folder["tok"], VocabularySize = 330 };

    private TokenizerCommands Commands(string input = "")
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_table) });
        console.Profile.Width = 200;
        return new TokenizerCommands(console, new StringReader(input), _output, TimeProvider.System);
    }

    [Theory]
    [InlineData("minimind-3", TokenizerFamily.MiniMind3)]
    [InlineData("minimind2", TokenizerFamily.MiniMind2)]
    public async Task Train_writes_a_tokenizer_of_the_family_asked_for(string family, TokenizerFamily expected)
    {
        Assert.Equal(0, await Commands().TrainAsync(Training with { Family = family }, default));
        var tokenizer = Tokenizer.Load(_folder["tok"]);
        Assert.Equal((330, expected), (tokenizer.VocabularySize, tokenizer.Family));
        Assert.Equal(3, tokenizer.Files.Count);
        Assert.Contains("330 tokens from 600 texts", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_refuses_to_replace_a_tokenizer_unless_asked()
    {
        await Commands().TrainAsync(Training, default);
        Assert.Contains("--force", (await Assert.ThrowsAsync<InputException>(() => Commands().TrainAsync(Training, default))).Message);
        Assert.Equal(0, await Commands().TrainAsync(Training with { Force = true }, default));
    }

    [Fact]
    public async Task Train_names_bad_lines_or_counts_them()
    {
        File.AppendAllText(_folder["a.jsonl"], "{\"text\": \n");
        var fault = await Assert.ThrowsAsync<InputException>(() => Commands().TrainAsync(Training, default));
        Assert.StartsWith($"{_folder["a.jsonl"]}:301: broken JSON", fault.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["tok"]));
        Assert.Equal(0, await Commands().TrainAsync(Training with { SkipBadLines = true }, default));
        Assert.Contains("1 bad lines left out", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_says_when_there_is_not_enough_text()
    {
        await Commands().TrainAsync(Training with { VocabularySize = 6400 }, default);
        Assert.Contains("fewer tokens than the 6,400 asked for", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Encode_and_decode_are_each_others_inverse_from_arguments_and_lines()
    {
        await Commands().TrainAsync(Training, default);
        _output.GetStringBuilder().Clear();
        string[] texts = ["the fox\t", "跑过了河 🙂", "", "<think> &"];
        Commands(string.Join('\n', texts)).Encode(new ConvertOptions(_folder["tok"], [], Shown: false));
        string lines = _output.ToString();
        _output.GetStringBuilder().Clear();
        Commands().Encode(new ConvertOptions(_folder["tok"], texts, Shown: false));
        Assert.Equal(lines, _output.ToString());
        _output.GetStringBuilder().Clear();
        Commands(lines).Decode(new ConvertOptions(_folder["tok"], [], Shown: false));
        Assert.Equal(texts, _output.ToString().Split(Environment.NewLine)[..^1]);
    }

    [Fact]
    public async Task Tokens_are_shown_with_their_bytes()
    {
        await Commands().TrainAsync(Training, default);
        _output.GetStringBuilder().Clear();
        Commands().Encode(new ConvertOptions(_folder["tok"], ["<|im_end|>\n\u00ff"], Shown: true));
        Assert.Equal(["2  \"<|im_end|>\"", "\"\\n\"", "\"<C3>\"", "\"<BF>\""], _output.ToString().Split(Environment.NewLine)[..^1].Select((line, index) => index == 0 ? line.Trim() : line[(line.IndexOf('"'))..]));
    }

    [Fact]
    public async Task Decode_refuses_what_is_no_id_and_leaves_special_tokens_out_unless_asked()
    {
        await Commands().TrainAsync(Training, default);
        _output.GetStringBuilder().Clear();
        Assert.Contains("expected ids from 0 to 329, found '330'", Assert.Throws<InputException>(() => Commands().Decode(new ConvertOptions(_folder["tok"], ["1", "330"], false))).Message);
        Assert.Contains("found '-1'", Assert.Throws<InputException>(() => Commands().Decode(new ConvertOptions(_folder["tok"], ["-1"], false))).Message);
        Commands().Decode(new ConvertOptions(_folder["tok"], ["1", "2"], Shown: false));
        Commands().Decode(new ConvertOptions(_folder["tok"], ["1", "2"], Shown: true));
        Assert.Equal(["", "<|im_start|><|im_end|>"], _output.ToString().Split(Environment.NewLine)[..^1]);
    }

    [Fact]
    public async Task Eval_shows_tokenizers_side_by_side()
    {
        await Commands().TrainAsync(Training, default);
        await Commands().TrainAsync(Training with { Out = _folder["small"], VocabularySize = 292 }, default);
        Commands().Evaluate(new EvaluateTokenizerOptions([_folder["tok"], _folder["small"]], [_folder["b.txt"]]));
        string table = _table.ToString();
        foreach (string kind in (string[])["Chinese", "English", "Code", "Mixed", "b.txt", "vocabulary"]) Assert.Contains(kind, table, StringComparison.Ordinal);
        // Of 292 tokens, 36 are special and 256 bytes: ASCII takes a token per character.
        Assert.Matches(@"b\.txt +\d\.\d{3} +1\.000 +\d\.\d\d x", table);
        Assert.Matches(@"texts not given back +0 +0", table);
    }
}
