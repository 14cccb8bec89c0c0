using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Services;
using MiniMind.Protos;
using MiniMind.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>
/// A whole run in one process and its workers: 1. read the run file, 2. prepare data and tokenizer, 3. start the coordinator and the workers,
/// 4. train stage after stage, 5. examine the result.
/// </summary>
internal sealed class RunPipeline(RunOptions options, TimeProvider time)
{
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(10);

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
        var prepared = await new Preparation(run, folder, host.Artifacts, screen).PrepareAsync(stop);
        var grain = host.Grains.GetGrain<IRunGrain>(run.Name);
        var record = await OpenAsync(grain, prepared, folder);

        var examination = run.Stages.OfType<EvalStage>().FirstOrDefault() is { } eval ? new Examination(run, eval, folder) : null;
        double? before = examination is null ? null : await examination.BeforeAsync(prepared, stop);
        var (end, stages) = await TrainAsync(run, folder, host, grain, record, prepared, screen, stop);
        if (end == StageEnd.Halted) return ExitCodes.Success;

        IReadOnlyList<SampleAnswer> samples = [];
        if (examination is not null)
        {
            (var after, samples) = await examination.AfterAsync(stop);
            stages = [.. stages, new StageSummary("eval") { ExactMatchBefore = before, ExactMatchAfter = after }];
        }
        screen.RunEnded(new RunSummary(stages, samples, time.GetElapsedTime(start), Path.GetRelativePath(Environment.CurrentDirectory, folder.Latest)));
        return ExitCodes.Success;
    }

    /// <summary>Trains the stages that are not complete yet.</summary>
    private async Task<(StageEnd End, IReadOnlyList<StageSummary> Stages)> TrainAsync(
        RunFile run, RunFolder folder, CoordinatorHost host, IRunGrain grain, RunRecord record, PreparedRun prepared, IRunScreen screen,
        CancellationToken stop)
    {
        var summaries = new List<StageSummary>();
        var left = prepared.Stages.Where(spec => !record.CompletedStages.Contains(spec.StageIndex)).ToList();
        if (left.Count == 0) return (StageEnd.Completed, summaries);

        var events = new RunEventQueue();
        var watcher = host.Grains.CreateObjectReference<IRunWatcher>(events);
        await grain.WatchAsync(watcher);
        await using var workers = new WorkerPool(run, folder, host.Address, screen, events);
        workers.Start(run.Workers);
        var runner = new StageRunner(grain, events, screen, workers.Progressed, time);
        var halted = false;
        foreach (var spec in left)
        {
            var firstStep = record.Checkpoints.LastOrDefault(checkpoint => checkpoint.StageIndex == spec.StageIndex)?.Step ?? 0;
            var (end, summary) = await runner.RunAsync(spec, firstStep, run.Workers, stop);
            summaries.Add(summary);
            halted = end == StageEnd.Halted || stop.IsCancellationRequested;
            if (halted) break;
        }
        workers.Close();
        await grain.DismissAsync(halted ? "the run has halted" : "the run is complete");
        await workers.WaitForExitAsync(ExitPatience, time);
        GC.KeepAlive(events);
        return (halted ? StageEnd.Halted : StageEnd.Completed, summaries);
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
