using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.Pipeline;

/// <summary>The lines that say what became of a stage's data.</summary>
public sealed class DataSummaryTests : IDisposable
{
    private const string Answered = """{"conversations": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""";
    private const string Unanswered = """{"conversations": [{"role": "user", "content": "a"}]}""";

    /// <summary>Longer than two sequences, whatever is merged.</summary>
    private static readonly string Long = string.Join(' ', Enumerable.Range(1000, 100));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Held_out_documents_and_dialogues_without_an_answer_are_told_of_each_side()
    {
        Write("train.jsonl", Answered, Answered, Answered, Unanswered, Unanswered);
        Write("valid.jsonl", Answered, Answered, Unanswered);

        var lines = await TellAsync(_folder["valid.jsonl"]);

        Assert.Matches("^sft: 3 documents, .*; held out: 2 documents in 1 sequences$", lines[0]);
        Assert.Equal(["sft: lost of the training data: 2 documents without anything to learn", "sft: lost of the held-out data: 1 documents without anything to learn"], lines[1..]);
    }

    [Fact]
    public async Task Held_out_documents_that_are_all_dropped_are_told_too()
    {
        Write("train.jsonl", Answered, Unanswered);
        Write("valid.jsonl", Unanswered, Unanswered, Unanswered);

        var lines = await TellAsync(_folder["valid.jsonl"]);

        Assert.EndsWith("; no document is held out", lines[0], StringComparison.Ordinal);
        Assert.Equal(["sft: lost of the training data: 1 documents without anything to learn", "sft: lost of the held-out data: 3 documents without anything to learn"], lines[1..]);
    }

    [Fact]
    public async Task What_a_cut_takes_is_told_of_each_side_and_told_again_from_the_cache()
    {
        Write("train.jsonl", Answered, Turn("a", Long), Turn(Long, "b"), Unanswered);
        Write("valid.jsonl", Turn("a", Long), Turn("a", Long), Turn(Long, "b"));

        var lines = await TellAsync(_folder["valid.jsonl"]);

        Assert.Matches(@"^sft: lost of the training data: 1 documents cut by \d+ tokens; 2 documents without anything to learn \(1 of them because of the cut\)$", lines[1]);
        Assert.Matches(@"^sft: lost of the held-out data: 2 documents cut by \d+ tokens; 1 documents without anything to learn \(1 of them because of the cut\)$", lines[2]);
        var again = await TellAsync(_folder["valid.jsonl"]);
        Assert.Equal([lines[0] + "; from the cache", .. lines[1..]], again);
    }

    [Fact]
    public async Task Pieces_without_a_target_are_told()
    {
        Write("train.jsonl", Turn(Long, "b"), Answered);

        var lines = await TellAsync("0", "split");

        Assert.StartsWith("sft: 2 documents, ", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^sft: lost of the training data: [1-9]\d* pieces \([1-9]\d* tokens\) without anything to learn$", Assert.Single(lines[1..]));
    }

    [Fact]
    public async Task Nothing_is_said_of_what_did_not_happen()
    {
        Write("train.jsonl", Answered, Answered);

        Assert.Matches(@"^sft: 2 documents, \d+ tokens in 1 sequences of 64, fill [0-9.]+ ?%; no document is held out$", Assert.Single(await TellAsync("0")));
    }

    private static string Turn(string question, string answer) => $$"""{"conversations": [{"role": "user", "content": "{{question}}"}, {"role": "assistant", "content": "{{answer}}"}]}""";

    private void Write(string name, params string[] lines) => _folder.Write(name, string.Join('\n', lines) + "\n");

    private async Task<string[]> TellAsync(string validation, string longDocuments = "cut")
    {
        var run = RunFile.Load(_folder.Write("run.yaml", $"""
            model: tiny
            sequence_length: 64
            stages:
              - stage: tokenizer
                data: {_folder["train.jsonl"]}
                vocabulary_size: 300
              - stage: sft
                data: {_folder["train.jsonl"]}
                validation: {validation}
                long_documents: {longDocuments}
            """), []);
        var told = new StringWriter();
        await using var screen = new PlainScreen(told, new ManualTime(), 1);
        await new DataPreparation(run, new RunFolder(_folder["out"]), begun: false, screen, new ManualTime()).PrepareAsync((_, _) => Task.CompletedTask, CancellationToken.None);
        return [.. told.ToString().Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Contains("] sft: ", StringComparison.Ordinal)).Select(line => line["[0:00] ".Length..])];
    }
}
