using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using MiniMind.Text;

namespace MiniMind.Coordinator.Workers;

/// <summary>The worker program on this machine: what to start, and the arguments that come before its own.</summary>
/// <param name="FileName">Executable, a path or a name on PATH.</param>
/// <param name="Prefix">Arguments before the worker's own.</param>
public sealed record WorkerProgram(string FileName, IReadOnlyList<string> Prefix)
{
    private const string Assembly = "minimind-worker.dll";

    // Written by the coordinator's project file.
    private const string DevelopmentPath = "WorkerPath";

    /// <summary>
    /// Finds the worker: in the folder "worker" beside the coordinator (published), else where the build put it (development).
    /// </summary>
    /// <exception cref="InputException">It is in neither place.</exception>
    public static WorkerProgram Locate()
    {
        string published = Path.Combine(AppContext.BaseDirectory, "worker", Assembly);
        string? relative = typeof(WorkerProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(attribute => attribute.Key == DevelopmentPath)?.Value;
        string built = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, relative ?? Assembly));
        string path = File.Exists(published) ? published : File.Exists(built) ? built
            : throw new InputException($"expected the worker program at {published} or {built}, found neither; build the coordinator, which builds the worker too");
        return new WorkerProgram(DotnetHost(), [path]);
    }

    /// <summary>What to start for a verb and its arguments, with the environment of <paramref name="environment"/>; redirects nothing.</summary>
    public ProcessStartInfo StartInfo(IEnumerable<string> arguments, WorkerEnvironment environment)
    {
        var start = new ProcessStartInfo(FileName) { UseShellExecute = false };
        foreach (string argument in Prefix.Concat(arguments)) start.ArgumentList.Add(argument);
        environment.ApplyTo(start.Environment);
        return start;
    }

    /// <summary>
    /// Runs a verb of the worker program in this terminal and returns its exit code (128 + N when signal N killed it). A terminal sends Ctrl-C to both
    /// processes: it is the worker's to answer (chat stops its sentence), so it is ignored here. SIGTERM reaches only this process: it ends the worker.
    /// </summary>
    public async Task<int> RunAsync(string verb, IEnumerable<string> arguments, WorkerEnvironment environment)
    {
        using var process = new Process { StartInfo = StartInfo([verb, .. arguments], environment) };
        using var ignored = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        process.Start();
        using var forwarded = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            process.Kill(entireProcessTree: true);
        });
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    // The dotnet that runs this process: an apphost would have to find one by itself, and need not find this one.
    private static string DotnetHost()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        if (Path.GetFileName(Environment.ProcessPath) == name) return Environment.ProcessPath!;
        string beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(beside) ? beside : name;
    }
}
