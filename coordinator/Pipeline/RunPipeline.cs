using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Services;
using MiniMind.Coordinator.Workers;
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
        var run = RunFile.Load(options.File, options.Overrides, RunFileDefaults.Standard with { Cache = options.SharedCache });
        var folder = new RunFolder(Path.GetFullPath(run.Out));
        if (run.Device != RunFile.Cpu) await WorkerTool.RequireDeviceAsync(run.Device, stop);
        using var locked = RunLock.Take(folder.Lock);
        RefuseToOverwrite(folder);

        await using var screen = Screens.Open(options, run, folder, time);
        var notice = new StopNotice(screen);
        await using var told = notice.Watch(stop);
        if (run.Caveat is { } caveat) screen.Message(caveat);
        var past = new PastStages(folder.Metrics, folder.Ledger);
        var worker = new WorkerTool(folder.Logs);
        await using var host = await CoordinatorHost.StartAsync(folder, options.Verbose, time);
        var grain = host.Grains.GetGrain<IRunGrain>(run.Name);
        var record = await grain.RecordAsync();
        // Before anything is prepared: a run that is not gone on with keeps its files as they are.
        RefuseChanges(record, run, folder);
        if (options.Resume && record.Identity.Length == 0) screen.Message($"there is no run in {run.Out} to go on with: starting one");
        var prepared = await new Preparation(run, folder, record, host.Artifacts, screen, time).PrepareAsync(stop);
        if (await grain.OpenAsync(prepared.Identity, run.CanonicalText, prepared.Inputs) is { } reason)
            throw new InputException($"the run in {folder.Root} cannot be gone on with: {reason}");

        await using var training = new TrainingCrew(run, folder, host, grain, screen, notice, time);
        var examination = new Examination(run, folder, worker.RunAsync, screen, notice);
        var stages = new StageSequence(run, folder, prepared, record, past, grain, examination, training, screen, time);
        if (await stages.RunAsync(stop) == StageEnd.Completed)
            screen.RunEnded(new RunSummary(stages.Stages, stages.Samples, time.GetElapsedTime(start), Result(folder)));
        return ExitCodes.Success;
    }

    private static string? Result(RunFolder folder) =>
        Directory.Exists(folder.Latest) ? Path.GetRelativePath(Environment.CurrentDirectory, folder.Latest) : null;

    private void RefuseToOverwrite(RunFolder folder)
    {
        if (!Directory.Exists(folder.State) || options.Resume) return;
        var alive = new WorkerRoster(folder.Workers, folder.LogOf).NamesAlive();
        throw new InputException(alive.Count == 0
            ? $"{folder.Root} already holds a run: go on with it by --resume, choose another folder with --out DIR, or delete it"
            : $"{folder.Root} already holds a run, and its workers live and may train on without a coordinator ({string.Join(", ", alive)}): --resume adopts them and goes on, or choose another folder with --out DIR. "
              + "Do not delete this one while they live");
    }

    private void RefuseChanges(RunRecord record, RunFile run, RunFolder folder)
    {
        if (record.Identity.Length == 0)
        {
            // The state of a run lies under its name, the ledger does not.
            if (File.Exists(folder.Ledger))
                throw new InputException($"{folder.Ledger} belongs to a run of another name, or one whose state is gone: go on with that (--set name=NAME), or start anew with --out DIR");
            return;
        }
        var changes = SettingsChange.Describe(record.Settings, run.CanonicalText);
        if (changes.Count == 0) return;
        throw new InputException(
            $"the run in {folder.Root} was made otherwise than {options.File} and --set say, so going on would not give one result. Changed: {string.Join("; ", changes)}. "
            + "Undo that, or start anew with --out DIR");
    }
}
