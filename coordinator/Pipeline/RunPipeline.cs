using Google.Protobuf;
using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Services;
using MiniMind.Coordinator.Workers;
using MiniMind.Text;
using Polly;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>
/// "minimind run" from beginning to end: 1. read the run file, 2. start the coordinator, 3. prepare data and tokenizer, 4. train and examine,
/// stage after stage.
/// </summary>
internal sealed class RunPipeline(RunOptions options, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public async Task<int> RunAsync(CancellationToken stop)
    {
        var run = RunFile.Load(options.File, options.Overrides, RunFileDefaults.Standard with { Cache = options.SharedCache });
        var folder = new RunFolder(Path.GetFullPath(run.Out));
        // A device that is not there is named before anything is prepared for it.
        if (run.Device != RunFile.Cpu) await WorkerTool.RequireDeviceAsync(run.Device, stop);
        if (options.Redis is { } redis) return await new SharedRun(options, run, folder, redis, time).RunAsync(LeadAsync, stop);

        using var locked = RunLock.Take(folder.Lock);
        RefuseToOverwrite(Directory.Exists(folder.State), folder);
        await using var screen = Screens.Open(options, run, folder, time);
        var notice = new StopNotice(screen);
        await using var told = notice.Watch(stop);
        if (run.Caveat is { } caveat) screen.Message(caveat);
        await using var host = await CoordinatorHost.StartAsync(folder, options.Endpoint, options.Verbose, time);
        var grain = new RunClient(host.Grains.GetGrain<IRunGrain>(run.Name), ResiliencePipeline.Empty);
        await using var training = new TrainingCrew(run, folder, host, grain, null, screen, notice, time);
        await LeadAsync(new RunLead(run, folder, host, grain, training, screen, notice), await grain.RecordAsync(), tookOver: false, stop);
        return ExitCodes.Success;
    }

    /// <exception cref="InputException">The run was begun with other settings.</exception>
    public static void RefuseChanges(RunRecord record, RunFile run, RunFolder folder, string file)
    {
        var changes = SettingsChange.Describe(record.Settings, run.CanonicalText);
        if (changes.Count == 0) return;
        throw new InputException(
            $"the run in {folder.Root} was made otherwise than {file} and --set say, so going on would not give one result. Changed: {string.Join("; ", changes)}. "
            + "Undo that, or start anew with --out DIR");
    }

    /// <summary>Prepares, trains and examines.</summary>
    /// <param name="record">Where the run stands; its identity is empty when it has not begun.</param>
    /// <param name="tookOver">Another coordinator, which is gone, has led it until now.</param>
    private async Task<StageEnd> LeadAsync(RunLead lead, RunRecord record, bool tookOver, CancellationToken stop)
    {
        var (run, folder, screen, notice) = (lead.Run, lead.Folder, lead.Screen, lead.Notice);
        var past = new PastStages(folder.Metrics, folder.Ledger);
        // Before anything is prepared: a run that is not gone on with keeps its files as they are.
        if (!tookOver) RefuseToOverwrite(record.Identity.Length > 0, folder);
        RefuseStranger(record, run, folder);
        if (options.Resume && record.Identity.Length == 0) screen.Message($"there is no run in {run.Out} to go on with: starting one");
        var prepared = tookOver && record.Planned.Count > 0
            ? PreparedRun.AsPlanned(record, run, folder)
            : await new Preparation(run, folder, record, lead.Host.Artifacts, screen, time).PrepareAsync(stop);
        var planned = prepared.Stages.Select(spec => spec.ToByteArray()).ToList();
        if (await lead.Grain.OpenAsync(prepared.Identity, run.CanonicalText, prepared.Inputs, planned) is { } reason)
            throw new InputException($"the run in {folder.Root} cannot be gone on with: {reason}");

        var examination = new Examination(run, folder, new WorkerTool(folder.Logs).RunAsync, screen, notice);
        var stages = new StageSequence(run, folder, prepared, record, past, lead.Grain, examination, lead.Training, screen, time);
        var end = await stages.RunAsync(stop);
        if (end == StageEnd.Completed)
            screen.RunEnded(new RunSummary(stages.Stages, stages.Samples, time.GetElapsedTime(_start), Result(folder)));
        return end;
    }

    private static string? Result(RunFolder folder) =>
        Directory.Exists(folder.Latest) ? Path.GetRelativePath(Environment.CurrentDirectory, folder.Latest) : null;

    private void RefuseToOverwrite(bool exists, RunFolder folder)
    {
        if (!exists || options.Resume) return;
        var alive = folder.WorkersAlive;
        throw new InputException(alive.Count == 0
            ? $"{folder.Root} already holds a run: go on with it by --resume, choose another folder with --out DIR, or delete it"
            : $"{folder.Root} already holds a run, and its workers live and may train on without a coordinator ({string.Join(", ", alive)}): --resume adopts them and goes on, or choose another folder with --out DIR. "
              + "Do not delete this one while they live");
    }

    private void RefuseStranger(RunRecord record, RunFile run, RunFolder folder)
    {
        if (record.Identity.Length > 0) RefuseChanges(record, run, folder, options.File);
        // The state of a run lies under its name, the ledger does not.
        else if (File.Exists(folder.Ledger))
            throw new InputException($"{folder.Ledger} belongs to a run of another name, or one whose state is gone: go on with that (--set name=NAME), or start anew with --out DIR");
    }
}

/// <summary>What whoever leads a run works with.</summary>
internal sealed record RunLead(RunFile Run, RunFolder Folder, CoordinatorHost Host, RunClient Grain, TrainingCrew Training, IRunScreen Screen, StopNotice Notice);
