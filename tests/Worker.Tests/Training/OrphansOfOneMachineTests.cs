using MiniMind.Protos;
using MiniMind.Worker.Tests.Artifacts;
using MiniMind.Worker.Training;

namespace MiniMind.Worker.Tests.Training;

public sealed class OrphansOfOneMachineTests : IDisposable
{
    private const int Workers = 8;

    private readonly TempFolder _folder = new();
    private readonly OrphanedCheckpoints _kept;
    private int _made;

    public OrphansOfOneMachineTests() => _kept = new OrphanedCheckpoints(_folder.File("orphans"));

    public void Dispose() => _folder.Dispose();

    private static Applied Applied(long step, int stage = 0) =>
        new() { Entry = new LedgerEntry { StageIndex = stage, Step = step }, Facts = new StepFacts { LearningRate = step } };

    private string Files()
    {
        var folder = _folder.File($"made-{Interlocked.Increment(ref _made)}");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "trainer.json"), """{"identity": "identity"}""");
        File.WriteAllText(Path.Combine(folder, "model.safetensors"), "weights");
        return folder;
    }

    private void Keep(string files, long step, int stage = 0) =>
        _kept.Keep(files, new CheckpointWritten { StageIndex = stage, Step = step }, [Applied(step - 1, stage), Applied(step, stage), Applied(step + 1, stage)]);

    /// <summary>What several workers of one machine do at the same moment.</summary>
    private static Task TogetherAsync(Func<int, Action> part)
    {
        var barrier = new Barrier(Workers);
        return Task.WhenAll(Enumerable.Range(0, Workers).Select(part).Select(work => Task.Factory.StartNew(
            () =>
            {
                barrier.SignalAndWait();
                work();
            }, default, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    [Fact]
    public void The_newest_of_the_stage_and_of_the_run_is_handed_over_with_the_entries_up_to_it()
    {
        Keep(Files(), 3);
        Keep(Files(), 12);
        Keep(Files(), 1, stage: 1);
        var (handover, files) = _kept.Newest(0, "identity")!.Value;
        Assert.Equal((12L, "11 12"), (handover.Checkpoint.Step, string.Join(' ', handover.Applied.Select(applied => applied.Entry.Step))));
        Assert.Equal(12, handover.Applied[^1].Facts.LearningRate);
        Assert.Equal(["model.safetensors", "trainer.json"], files.Select(Path.GetFileName));
        Assert.Null(_kept.Newest(0, "another"));
        Assert.Null(_kept.Newest(2, "identity"));
    }

    [Fact]
    public void What_is_not_needed_any_more_is_forgotten()
    {
        Keep(Files(), 3);
        Keep(Files(), 12);
        _kept.Forget(0, 11);
        Assert.Equal(["0-12"], Directory.GetDirectories(_folder.File("orphans")).Select(Path.GetFileName));
        _kept.Forget(1, -1);
        Assert.Empty(Directory.GetDirectories(_folder.File("orphans")));
        Assert.Null(_kept.Newest(0, "identity"));
    }

    [Fact]
    public async Task Workers_of_one_machine_keep_the_same_one_at_the_same_time()
    {
        for (var step = 1; step <= 50; step++)
        {
            var at = step;
            await TogetherAsync(_ =>
            {
                var files = Files();
                return () => Keep(files, at);
            });
        }
        Assert.Equal(50, _kept.Newest(0, "identity")!.Value.Handover.Checkpoint.Step);
    }

    [Fact]
    public async Task Workers_of_one_machine_forget_the_same_ones_at_the_same_time()
    {
        for (var round = 1; round <= 20; round++)
        {
            for (var step = 1; step <= 5; step++) Keep(Files(), step);
            await TogetherAsync(_ => () => _kept.Forget(0, 5));
            _kept.Forget(0, 5);
            Assert.Empty(Directory.GetDirectories(_folder.File("orphans")));
        }
    }
}
