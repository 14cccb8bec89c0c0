using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text.Configuration;

namespace MiniMind.Coordinator.Tests.Pipeline;

/// <summary>The questions before training are asked once per run, and seen to be asked.</summary>
public sealed class ExaminationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _told = new() { NewLine = "\n" };
    private readonly List<string> _verbs = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Questions_before_training_are_announced_and_their_result_is_told()
    {
        Assert.Equal(0.25, (await BeforeAsync())["eval"]);

        Assert.Equal(["init", "eval"], _verbs);
        Assert.Equal(
            $"""
            [0:00] asking the questions before any training: {_folder["questions.jsonl"]}
            [0:00] eval: exact match before training 25.0 % of 4 questions

            """, _told.ToString());
        Assert.False(Directory.Exists(_folder["out/eval/initial-model"]));
    }

    [Fact]
    public async Task A_resumed_run_reads_the_result_and_asks_nothing()
    {
        await BeforeAsync();
        _verbs.Clear();

        Assert.Equal(0.25, (await BeforeAsync())["eval"]);

        Assert.Empty(_verbs);
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("questions")]
    [InlineData("length")]
    [InlineData("result")]
    public async Task A_result_that_is_not_this_runs_is_measured_again(string changed)
    {
        await BeforeAsync();
        _verbs.Clear();
        if (changed == "result") File.Delete(_folder["out/eval/before.json"]);

        await BeforeAsync(changed == "identity" ? "two" : "one", changed == "questions" ? "other" : "", changed == "length" ? 8 : 32);

        Assert.Equal(["init", "eval"], _verbs);
    }

    [Fact]
    public async Task An_examination_that_was_cut_off_is_made_again()
    {
        await Assert.ThrowsAsync<OperationCanceledException>(() => BeforeAsync(fails: true));
        _verbs.Clear();

        await BeforeAsync();

        Assert.Equal(["init", "eval"], _verbs);
    }

    private async Task<IReadOnlyDictionary<string, double>> BeforeAsync(string identity = "one", string questions = "", int length = 32, bool fails = false)
    {
        _folder.Write("questions.jsonl", questions);
        var run = RunFile.Load(_folder.Write("run.yaml", $"""
            model: tiny
            stages:
              - stage: tokenizer
                data: {_folder["questions.jsonl"]}
              - stage: pretrain
                data: {_folder["questions.jsonl"]}
              - stage: eval
                data: {_folder["questions.jsonl"]}
                max_new_tokens: {length}
            """), []);
        await using var screen = new PlainScreen(_told, new ManualTime(), 1);
        var examination = new Examination(run, new RunFolder(_folder["out"]), WorkAsync, screen, new StopNotice(screen));
        return await examination.BeforeAsync(new PreparedRun(identity, [], ModelPresets.Tiny, _folder["tokenizer"], []), CancellationToken.None);

        Task WorkAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
        {
            _verbs.Add(arguments[0]);
            var result = arguments[arguments.ToList().IndexOf("--out") + 1];
            if (arguments[0] == "init") Directory.CreateDirectory(result);
            else if (fails) throw new OperationCanceledException();
            else File.WriteAllText(result, $$"""{"exact_match": 0.25, "answers": [{{string.Join(',', Enumerable.Repeat("""{"question": "q", "answer": "a", "expected": "b"}""", 4))}}]}""");
            return Task.CompletedTask;
        }
    }
}
