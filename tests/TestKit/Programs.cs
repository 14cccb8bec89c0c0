using System.Reflection;
using System.Runtime.InteropServices;

namespace MiniMind.TestKit;

/// <summary>The programs under test, started as a user starts them: by "dotnet", from where the build put them.</summary>
public static class Programs
{
    /// <summary>The command that users type.</summary>
    public static string Minimind { get; } = Built("Minimind");

    /// <summary>The worker program, which the command starts.</summary>
    public static string Worker { get; } = Built("Worker");

    private static string Dotnet { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>The words of "minimind ARGUMENTS".</summary>
    public static IReadOnlyList<string> Command(params string[] arguments) => [Dotnet, Minimind, .. arguments];

    /// <summary>The words of "minimind-worker train OPTIONS", with what minimind gives its workers on their way: one thread in an operation.</summary>
    public static IReadOnlyList<string> WorkerCommand(params string[] options) =>
    [
        "/usr/bin/env", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1", "DOTNET_gcServer=0",
        "MALLOC_MMAP_THRESHOLD_=1073741824", "MALLOC_TRIM_THRESHOLD_=1073741824", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
        Dotnet, Worker, "train", .. options,
    ];

    /// <summary>Starts "minimind ARGUMENTS" in a folder.</summary>
    public static RunningProgram Start(string folder, params string[] arguments) => RunningProgram.Start(folder, Command(arguments));

    /// <summary>Runs "minimind ARGUMENTS" in a folder to its end.</summary>
    public static async Task<Ended> RunAsync(string folder, params string[] arguments)
    {
        await using var program = Start(folder, arguments);
        return await program.EndAsync();
    }

    /// <summary>Starts a program given as the path of its assembly.</summary>
    public static RunningProgram StartProgram(string assembly, string folder, params string[] arguments) =>
        RunningProgram.Start(folder, [Dotnet, assembly, .. arguments]);

    /// <summary>Starts "minimind ARGUMENTS" from a shell, after a command that limits what it may do.</summary>
    public static RunningProgram StartLimited(string limit, string folder, params string[] arguments) =>
        RunningProgram.Start(folder, ["/bin/sh", "-c", $"{limit}; exec \"$0\" \"$@\"", Dotnet, Minimind, .. arguments]);

    private static string Built(string key) => Path.GetFullPath(
        typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!);
}

/// <summary>What a program that has ended leaves behind.</summary>
/// <param name="ExitCode">128 + N when signal N ended it.</param>
/// <param name="Output">All that it wrote.</param>
/// <param name="Error">All that it complained of.</param>
public sealed record Ended(int ExitCode, string Output, string Error)
{
    /// <summary>Everything that was to be seen, for the message of a failed assertion.</summary>
    public override string ToString() => $"exit code {ExitCode}\n--- output\n{Output}\n--- error\n{Error}";
}
