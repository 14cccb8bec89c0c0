using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Services;
using MiniMind.Protos;
using MiniMind.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>
/// A whole run in one process and its workers: 1. read the run file, 2. start the coordinator, 3. prepare data and tokenizer, 4. train and examine,
/// stage after stage.
/// </summary>
internal sealed class RunPipeline(RunOptions options, TimeProvider time)
{
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var start = time.GetTimestamp();
        var run = RunFile.Load(options.File, options.Overrides);
        var folder = new RunFolder(Path.GetFullPath(run.Out));
        Directory.CreateDirectory(folder.Root);
        using var locked = RunLock.Take(folder.Lock);
        RefuseToOverwrite(folder);

        await using var screen = Screens.Open(options, run, folder, time);
        if (run.Caveat is { } caveat) screen.Message(caveat);
        await using var host = await CoordinatorHost.StartAsync(folder, options.Verbose, time);
        var prepared = await new Preparation(run, folder, host.Artifacts, screen, time).PrepareAsync(stop);
        var grain = host.Grains.GetGrain<IRunGrain>(run.Name);
        var record = await OpenAsync(grain, prepared, folder);

        var examination = new Examination(run, folder);
        var before = await examination.BeforeAsync(prepared, stop);
        await using var training = new TrainingCrew(run, folder, host, grain, screen, time);
        var stages = new List<StageSummary>();
        IReadOnlyList<SampleAnswer> samples = [];
        foreach (var (index, stage) in run.Stages.Index())
        {
            if (stage is EvalStage eval)
            {
                (var after, samples) = await examination.AfterAsync(eval, await ModelBeforeAsync(grain, folder, index), stop);
                stages.Add(new StageSummary(eval.Name) { ExactMatchBefore = before[eval.Name], ExactMatchAfter = after });
            }
            else if (prepared.Stages.FirstOrDefault(spec => spec.StageIndex == index) is { } spec && !record.CompletedStages.Contains(index))
            {
                var firstStep = record.Checkpoints.LastOrDefault(checkpoint => checkpoint.StageIndex == index)?.Step ?? 0;
                var (end, summary) = await training.RunAsync(spec, firstStep, stop);
                stages.Add(summary);
                var halted = end == StageEnd.Halted || stop.IsCancellationRequested;
                if (halted || spec == prepared.Stages[^1]) await training.DismissAsync(halted ? "the run has halted" : "the run is complete");
                if (halted) return ExitCodes.Success;
            }
        }
        screen.RunEnded(new RunSummary(stages, samples, time.GetElapsedTime(start), Path.GetRelativePath(Environment.CurrentDirectory, folder.Latest)));
        return ExitCodes.Success;
    }

    /// <summary>The end of the training stage before a stage.</summary>
    private static async Task<string> ModelBeforeAsync(IRunGrain grain, RunFolder folder, int index)
    {
        var record = await grain.RecordAsync();
        var newest = record.Checkpoints.Where(checkpoint => checkpoint.StageIndex < index).MaxBy(checkpoint => (checkpoint.StageIndex, checkpoint.Step));
        return Path.Combine(folder.Root, newest!.Folder);
    }

    private void RefuseToOverwrite(RunFolder folder)
    {
        if (!Directory.Exists(folder.State) || options.Resume) return;
        throw new InputException(
            $"{folder.Root} already holds a run: go on with it by --resume, choose another folder with --out DIR, or delete it");
    }

    private static async Task<RunRecord> OpenAsync(IRunGrain grain, PreparedRun prepared, RunFolder folder)
    {
        var record = await grain.RecordAsync();
        if (record.Identity.Length > 0 && record.Identity != prepared.Identity)
            throw new InputException(
                $"the run in {folder.Root} was made from other settings, data or tokenizer, so going on would not give one result: "
                + "undo the change, or start anew with --out DIR");
        await grain.OpenAsync(prepared.Identity);
        return record;
    }
}
