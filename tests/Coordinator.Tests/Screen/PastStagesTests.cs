using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tests.Ledger;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.Screen;

public sealed class PastStagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_the_metrics_file_was_told_is_read_back()
    {
        var path = _folder["metrics.jsonl"];
        var ended = new StageSummary("pretrain") { Steps = 3, Tokens = 300, FirstLoss = 5.5, LastLoss = 2.5, ValidationLoss = 3, Wall = TimeSpan.FromSeconds(90) };
        await using (var file = new MetricsFile(path, _time))
        {
            file.StageEnded(ended);
        }
        File.AppendAllText(path, "{\"event\":\"stage_ended\",\"stage\":\"pretr");

        Entries.Write(_folder["ledger.jsonl"], Entries.Chain(3, stage: 1));
        File.AppendAllText(_folder["ledger.jsonl"], "{\"previous\":\"");

        var past = new PastStages(path, _folder["ledger.jsonl"]);

        Assert.Equal(ended, past.SummaryOf("pretrain"));
        Assert.Null(past.SummaryOf("sft"));
        // Of the first step, 1 over 100 targets; of two steps, 128 tokens each.
        Assert.Equal((0.01, 256), past.Before(stage: 1, step: 2));
        Assert.Equal((null, 0), past.Before(stage: 1, step: 0));
        Assert.Equal((null, 0), past.Before(stage: 0, step: 2));
    }

    [Fact]
    public async Task A_line_that_a_crash_cut_off_does_not_grow()
    {
        var path = _folder["metrics.jsonl"];
        File.WriteAllText(path, "{\"event\":\"message\"}\n{\"event\":\"st");
        await using (var file = new MetricsFile(path, _time)) file.Message("again");
        var lines = File.ReadAllLines(path);
        Assert.Equal("{\"event\":\"message\"}", lines[0]);
        Assert.Contains("again", Assert.Single(lines[1..]), StringComparison.Ordinal);
    }
}
