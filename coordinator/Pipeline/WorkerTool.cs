using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Workers;
using MiniMind.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Runs verbs of the worker program for a run, each in a process of its own that writes a log.</summary>
/// <param name="logs">Folder of the logs.</param>
internal sealed class WorkerTool(string logs)
{
    /// <summary>Names a device that cannot be computed on, before anything is made for a run.</summary>
    /// <exception cref="InputException">It cannot.</exception>
    public static async Task RequireDeviceAsync(string device, CancellationToken cancellation)
    {
        var logs = Directory.CreateTempSubdirectory("minimind-device-");
        try
        {
            await new WorkerTool(logs.FullName).RunAsync(["check", "--device", device], cancellation);
        }
        finally
        {
            logs.Delete(recursive: true);
        }
    }

    /// <exception cref="InputException">The worker program found the input wrong.</exception>
    /// <exception cref="RunFailedException">It failed otherwise; its last words are in the message.</exception>
    public async Task RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        // Nothing else computes meanwhile, so all cores may.
        var environment = new WorkerEnvironment { Threads = Math.Min(4, Environment.ProcessorCount) };
        await using var launcher = new WorkerLauncher(WorkerProgram.Locate(), environment, logs);
        var exit = await launcher.Start(arguments[0], arguments).Exit.WaitAsync(cancellation);
        if (exit.ExitCode == ExitCodes.Success) return;
        var words = string.Join('\n', exit.LastLines);
        throw exit.ExitCode == ExitCodes.WrongInput
            ? new InputException(words.Replace("error: ", "", StringComparison.Ordinal))
            : new RunFailedException($"{arguments[0]} ended with exit code {exit.ExitCode}, its last words ({exit.LogPath}):\n{words}");
    }
}
