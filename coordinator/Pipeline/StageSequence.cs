using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Trains and examines the stages of a prepared run in order; those that were complete before are only told of.</summary>
/// <param name="record">Where the run stood when it was opened.</param>
/// <param name="past">What was measured before that.</param>
internal sealed class StageSequence(
    RunFile run, RunFolder folder, PreparedRun prepared, RunRecord record, PastStages past, RunClient grain, Examination examination, TrainingCrew training,
    IRunScreen screen, TimeProvider time)
{
    private readonly List<StageSummary> _stages = [];

    /// <summary>What the stages came to, so far.</summary>
    public IReadOnlyList<StageSummary> Stages => _stages;

    /// <summary>Questions and answers of the last eval stage.</summary>
    public IReadOnlyList<SampleAnswer> Samples { get; private set; } = [];

    /// <exception cref="RunFailedException">A stage cannot go on.</exception>
    public async Task<StageEnd> RunAsync(CancellationToken stop)
    {
        var before = await examination.BeforeAsync(prepared, stop);
        foreach (var (index, stage) in run.Stages.Index())
        {
            if (stage is EvalStage eval) await ExamineAsync(eval, index, before[eval.Name], stop);
            else if (stage is TrainingStage && await TrainAsync(stage.Name, index, stop) == StageEnd.Halted) return StageEnd.Halted;
        }
        return StageEnd.Completed;
    }

    private async Task<StageEnd> TrainAsync(string name, int index, CancellationToken stop)
    {
        if (record.CompletedStages.Contains(index))
        {
            if (past.SummaryOf(name) is { } earlier) _stages.Add(earlier);
            return StageEnd.Completed;
        }
        var spec = prepared.Stages.Single(spec => spec.StageIndex == index);
        var (end, summary) = await training.RunAsync(spec, step => past.Before(index, step), stop);
        _stages.Add(summary);
        // A stop may also come between two stages.
        if (stop.IsCancellationRequested) end = StageEnd.Halted;
        if (end == StageEnd.Halted) await training.DismissAsync("the run has halted");
        else if (index == prepared.Stages[^1].StageIndex) await training.DismissAsync("the run is complete");
        return end;
    }

    private async Task ExamineAsync(EvalStage eval, int index, double before, CancellationToken stop)
    {
        var start = time.GetTimestamp();
        screen.StageStarted(new StageStart(eval.Name, eval.Kind, 0, 0, 0, 0, 0, 0));
        (var after, Samples) = await examination.AfterAsync(eval, await ModelBeforeAsync(index), stop);
        var summary = new StageSummary(eval.Name) { ExactMatchBefore = before, ExactMatchAfter = after, Wall = time.GetElapsedTime(start) };
        _stages.Add(summary);
        screen.StageEnded(summary);
    }

    /// <summary>The newest checkpoint of the training stage before a stage.</summary>
    private async Task<string> ModelBeforeAsync(int index)
    {
        var now = await grain.RecordAsync();
        var newest = now.Checkpoints.Where(checkpoint => checkpoint.StageIndex < index).MaxBy(checkpoint => (checkpoint.StageIndex, checkpoint.Step));
        return Path.Combine(folder.Root, newest!.Folder);
    }
}
