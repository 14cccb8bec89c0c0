using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>"minimind data encode": all that a run does with its data, and nothing more, so that the run itself begins at once.</summary>
internal sealed class DataEncoding(RunOptions options, TimeProvider time)
{
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var run = RunFile.Load(options.File, options.Overrides, RunFileDefaults.Standard with { Cache = options.SharedCache });
        var folder = new RunFolder(Path.GetFullPath(run.Out));
        using var locked = RunLock.Take(folder.Lock);
        await using var screen = Screens.OpenWithoutRecord(options, run, time);
        await using var told = new StopNotice(screen).Watch(stop);
        var prepared = await new DataPreparation(run, folder, begun: Directory.Exists(folder.State), screen, time).PrepareAsync((_, _) => Task.CompletedTask, stop);
        foreach (var (stage, _, data) in prepared.Stages) screen.Message($"{stage.Name}: {data.Folder}");
        return ExitCodes.Success;
    }
}
