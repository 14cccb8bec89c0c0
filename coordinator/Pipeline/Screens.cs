using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using Spectre.Console;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Chooses how a run is shown: live in a terminal, as lines elsewhere; always also in metrics.jsonl.</summary>
internal static class Screens
{
    public static IRunScreen Open(RunOptions options, RunFile run, RunFolder folder, TimeProvider time) =>
        new ScreenGroup(OpenWithoutRecord(options, run, time), new MetricsFile(folder.Metrics, time));

    /// <summary>For what trains nothing.</summary>
    public static IRunScreen OpenWithoutRecord(RunOptions options, RunFile run, TimeProvider time)
    {
        var live = !options.Plain && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;
        return live ? new LiveScreen(AnsiConsole.Console, time) : new PlainScreen(Console.Out, time, run.LogInterval);
    }
}
