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

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Held_out_documents_and_dialogues_without_an_answer_are_told_on_both_sides()
    {
        Write("train.jsonl", Answered, Answered, Answered, Unanswered, Unanswered);
        Write("valid.jsonl", Answered, Answered, Unanswered);

        var line = await TellAsync(_folder["valid.jsonl"]);

        Assert.StartsWith("sft: 3 documents, ", line, StringComparison.Ordinal);
        Assert.Contains("; held out: 2 documents in 1 sequences; 3 dropped, because nothing in them is a target (no answer", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Held_out_documents_that_are_all_dropped_are_told_too()
    {
        Write("train.jsonl", Answered);
        Write("valid.jsonl", Unanswered, Unanswered);

        Assert.Contains("; no document is held out; 2 dropped, because", await TellAsync(_folder["valid.jsonl"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_said_of_what_did_not_happen()
    {
        Write("train.jsonl", Answered, Answered);

        Assert.Matches(@"^sft: 2 documents, \d+ tokens in 1 sequences of 64, fill [0-9.]+ ?%; no document is held out$", await TellAsync("0"));
    }

    private void Write(string name, params string[] lines) => _folder.Write(name, string.Join('\n', lines) + "\n");

    private async Task<string> TellAsync(string validation)
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
            """), []);
        var told = new StringWriter();
        await using var screen = new PlainScreen(told, new ManualTime(), 1);
        await new DataPreparation(run, new RunFolder(_folder["out"]), begun: false, screen, new ManualTime()).PrepareAsync(CancellationToken.None);
        return told.ToString().Split('\n').Single(line => line.Contains("sft: ", StringComparison.Ordinal))["[0:00] ".Length..];
    }
}
