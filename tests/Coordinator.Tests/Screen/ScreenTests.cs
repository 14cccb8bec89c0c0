using System.Text.Json;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Storage;
using Spectre.Console;

namespace MiniMind.Coordinator.Tests.Screen;

public sealed class ScreenTests : IDisposable
{
    private static readonly StageStart Pretrain = new("pretrain", "pretrain", 100, 0, 8, 256, 8, 800);

    private static readonly RunSummary Summary = new(
        [
            new StageSummary("tokenizer") { Wall = TimeSpan.FromSeconds(3) },
            new StageSummary("pretrain") { Steps = 100, Tokens = 204_800, FirstLoss = 7.6, LastLoss = 2.25, ValidationLoss = 2.5, Wall = TimeSpan.FromSeconds(125) },
            new StageSummary("eval") { Wall = TimeSpan.FromSeconds(9), ExactMatchBefore = 0, ExactMatchAfter = 0.723 },
        ],
        [new SampleAnswer("Where is [Aro]?", "Paris", "Paris"), new SampleAnswer("天空是什么颜色？", "红", "蓝")],
        TimeSpan.FromSeconds(3725), "runs/quickstart/latest");

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task PlainScreen_writes_one_stamped_line_per_event()
    {
        var output = new StringWriter { NewLine = "\n" };
        await using var screen = new PlainScreen(output, _time, 10);

        screen.StageStarted(Pretrain);
        _time.Advance(TimeSpan.FromSeconds(75));
        screen.StepCommitted(Step(10));
        screen.Validated("pretrain", 10, 3.21);
        screen.WorkerChanged("w0", "training");
        screen.GenerationStarted(2, ["w0", "w2"], "w1 fell silent");
        screen.CheckpointWritten("pretrain", 10, "runs/x/step-10");
        screen.Message("hello {0}");
        screen.StageEnded(Summary.Stages[1]);

        Assert.Equal(
            """
            [0:00] pretrain: started, 100 steps of 8 sequences × 256 tokens = 2048 tokens, 8 lanes, 800 sequences per epoch
            [1:15] pretrain: step 10/100, loss 2.5000, lr 5.00e-4, grad norm 1.250, 12.3k tokens/s, left 1:30
            [1:15] pretrain: step 10, validation loss 3.2100
            [1:15] worker w0: training
            [1:15] generation 2: w0, w2 (w1 fell silent)
            [1:15] pretrain: step 10, checkpoint runs/x/step-10
            [1:15] hello {0}
            [1:15] pretrain: done in 2:05, loss 7.6000 -> 2.2500, validation 2.5000

            """, output.ToString());
    }

    [Fact]
    public async Task PlainScreen_says_where_a_resumed_stage_goes_on()
    {
        var output = new StringWriter { NewLine = "\n" };
        await using var screen = new PlainScreen(output, _time, 10);

        screen.StageStarted(Pretrain with { FirstStep = 59 });

        Assert.Equal("[0:00] pretrain: goes on after step 59 of 100, steps of 8 sequences × 256 tokens = 2048 tokens, 8 lanes, 800 sequences per epoch\n", output.ToString());
    }

    [Fact]
    public async Task PlainScreen_writes_the_first_last_and_every_nth_step_and_skipped_updates()
    {
        var output = new StringWriter();
        await using var screen = new PlainScreen(output, _time, 40);
        screen.StageStarted(Pretrain);
        for (int step = 1; step <= 100; step++) screen.StepCommitted(Step(step) with { Skipped = step == 7 });

        var steps = output.ToString().Split('\n').Where(line => line.Contains("step ", StringComparison.Ordinal)).Select(line => line.Split("step ")[1].Split('/')[0]);
        Assert.Equal(["1", "7", "40", "80", "100"], steps);
        Assert.Contains("update skipped", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlainScreen_tells_of_data_every_ten_seconds_and_not_at_all_of_little()
    {
        var output = new StringWriter { NewLine = "\n" };
        await using var screen = new PlainScreen(output, _time, 10);
        Read("small", 100);
        for (int share = 0; share <= 100; share += 10)
        {
            Read("large", share);
            _time.Advance(TimeSpan.FromSeconds(4));
        }

        Assert.Equal(
            """
            [0:12] large: encoding, 30.0 %, 12.3 MB/s, left 1:30
            [0:24] large: encoding, 60.0 %, 12.3 MB/s, left 1:30
            [0:36] large: encoding, 90.0 %, 12.3 MB/s, left 1:30

            """, output.ToString());

        void Read(string name, int share) => screen.DataRead(new DataProgress(name, "encoding", share, 100, 12.3e6, TimeSpan.FromSeconds(90)));
    }

    [Fact]
    public async Task LiveScreen_shows_data_until_all_of_it_is_read()
    {
        var output = new StringWriter();
        var reading = new LiveScreen(Terminal(output), _time);
        reading.DataRead(new DataProgress("[pretrain]", "encoding", 42, 100, 12.3e6, TimeSpan.FromSeconds(90)));
        await reading.DisposeAsync();
        Assert.Contains("[pretrain] ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("encoding, 42.0 %, 12.3 MB/s, left 1:30", output.ToString(), StringComparison.Ordinal);

        var later = new StringWriter();
        var training = new LiveScreen(Terminal(later), _time);
        training.DataRead(new DataProgress("[pretrain]", "encoding", 42, 100, 12.3e6, TimeSpan.FromSeconds(90)));
        training.DataRead(new DataProgress("[pretrain]", "encoding", 100, 100, 12.3e6, TimeSpan.Zero));
        training.WorkerChanged("w0", "starting");
        await training.DisposeAsync();
        Assert.Contains("starting", later.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("encoding", later.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlainScreen_ends_with_a_table_questions_and_what_to_do_next()
    {
        var output = new StringWriter { NewLine = "\n" };
        await using var screen = new PlainScreen(output, _time, 10);
        screen.RunEnded(Summary);

        Assert.Equal(
            """
            stage      steps  tokens  loss first->last  validation  wall time  exact match %
            tokenizer  –      –       –                 –           0:03       –
            pretrain   100    205k    7.6000 -> 2.2500  2.5000      2:05       –
            eval       –      –       –                 –           0:09       0.0 -> 72.3

            Q: Where is [Aro]?
            A: Paris  (right)

            Q: 天空是什么颜色？
            A: 红  (expected: 蓝)

            done in 1:02:05
            result: runs/quickstart/latest
            talk to it: minimind chat --model runs/quickstart/latest

            """, output.ToString());
    }

    [Fact]
    public async Task MetricsFile_holds_one_JSON_object_per_event_and_is_continued()
    {
        string path = _folder["out/metrics.jsonl"];
        await using (var metrics = new MetricsFile(path, _time))
        {
            metrics.StageStarted(Pretrain);
            metrics.StepCommitted(Step(1) with { GradientNorm = double.NaN });
            Assert.Equal(2, Read(path).Count);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        await using (var metrics = new MetricsFile(path, _time))
        {
            metrics.Validated("pretrain", 1, 3.5);
            metrics.GenerationStarted(3, ["w0"], "w1 \"left\"\n");
            metrics.RunEnded(Summary);
            Assert.Null(metrics.Broken);
        }

        var lines = Read(path);
        Assert.Equal(["stage_started", "step", "validation", "generation", "run_ended"], lines.Select(line => line.GetProperty("event").GetString()));
        Assert.Equal((2.5, 5e-4, "NaN"), (lines[1].GetProperty("loss").GetDouble(), lines[1].GetProperty("learning_rate").GetDouble(), lines[1].GetProperty("gradient_norm").GetString()));
        Assert.Equal(2048, lines[0].GetProperty("tokens_per_step").GetInt64());
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(1), lines[2].GetProperty("time").GetDateTimeOffset());
        Assert.Equal("w1 \"left\"\n", lines[3].GetProperty("reason").GetString());
        Assert.Equal(0.723, lines[4].GetProperty("stages")[2].GetProperty("exact_match_after").GetDouble());
    }

    /// <summary>Whoever leads a stage anew is told of steps that may be in the file, or may not.</summary>
    [Fact]
    public async Task MetricsFile_tells_each_step_once_also_when_it_is_continued()
    {
        string path = _folder["out/metrics.jsonl"];
        foreach (var (first, last) in ((int, int)[])[(1, 3), (2, 2), (2, 5)])
        {
            await using var metrics = new MetricsFile(path, _time);
            metrics.StageStarted(Pretrain);
            for (int step = first; step <= last; step++) metrics.StepCommitted(Step(step));
            File.AppendAllText(path, "{\"event\":\"step\",\"sta");
        }
        await using (var metrics = new MetricsFile(path, _time))
        {
            metrics.StageStarted(Pretrain with { Stage = "sft" });
            metrics.StepCommitted(Step(1) with { Stage = "sft" });
        }

        var told = Read(path).Where(line => line.GetProperty("event").GetString() == "step");
        Assert.Equal(
            ["pretrain 1", "pretrain 2", "pretrain 3", "pretrain 4", "pretrain 5", "sft 1"],
            told.Select(line => $"{line.GetProperty("stage").GetString()} {line.GetProperty("step").GetInt64()}"));
    }

    [Fact]
    public async Task LiveScreen_draws_stages_workers_messages_and_the_final_table()
    {
        var output = new StringWriter();
        var screen = new LiveScreen(Terminal(output), _time);
        screen.StageStarted(Pretrain);
        screen.StepCommitted(Step(50));
        screen.Validated("pretrain", 50, 3.21);
        screen.StageStarted(new StageStart("[eval]", "eval", 0, 0, 0, 0, 0, 0));
        screen.WorkerChanged("w0", "training");
        screen.WorkerChanged("w1", "[gone]");
        screen.GenerationStarted(2, ["w0"], "w1 fell silent");
        screen.Message("message with [markup]");
        screen.CheckpointWritten("pretrain", 50, "runs/x");
        screen.RunEnded(Summary);
        await screen.DisposeAsync();

        string text = output.ToString();
        string[] expected = ["50/100", "2.5000", "3.2100", "12.3k", "1:30", "[eval]", "w0", "training", "[gone]", "generation 2: 1 worker",
            "w1 fell silent", "message with [markup]", "checkpoint runs/x", "exact match", "0.0 -> 72.3", "Where is [Aro]?", "expected: 蓝", "minimind chat"];
        Assert.All(expected, part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.DoesNotContain("…", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LiveScreen_progress_bar_follows_the_steps()
    {
        var output = new StringWriter();
        var screen = new LiveScreen(Terminal(output), _time);
        screen.StageStarted(Pretrain);
        screen.StepCommitted(Step(25));
        screen.StageEnded(Summary.Stages[1]);
        await screen.DisposeAsync();

        Assert.Contains(new string('━', 14), output.ToString(), StringComparison.Ordinal);
        Assert.Contains("✓ 2:05", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ScreenGroup_tells_everyone()
    {
        var (left, right) = (new StringWriter(), new StringWriter());
        await using (var group = new ScreenGroup(new PlainScreen(left, _time, 1), new PlainScreen(right, _time, 1)))
        {
            group.StageStarted(Pretrain);
            group.StepCommitted(Step(1));
            group.Validated("pretrain", 1, 2);
            group.WorkerChanged("w0", "training");
            group.GenerationStarted(1, ["w0"], "start");
            group.CheckpointWritten("pretrain", 1, "x");
            group.Message("m");
            group.StageEnded(Summary.Stages[1]);
            group.RunEnded(Summary);
        }

        Assert.Equal(left.ToString(), right.ToString());
        Assert.Equal(8, left.ToString().Split('[').Count(part => part.StartsWith("0:00]", StringComparison.Ordinal)));
    }

    private static StepProgress Step(long step) => new("pretrain", step, 2.5, 5e-4, 1.25, step * 2048, 12_345, TimeSpan.FromSeconds(90));

    private static IAnsiConsole Terminal(TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = 80;
        return console;
    }

    private static List<JsonElement> Read(string path)
    {
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. file.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.Clone())];
    }
}
