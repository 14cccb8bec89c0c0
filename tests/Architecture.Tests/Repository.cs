using System.Diagnostics;

namespace MiniMind.Architecture;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    private const string Solution = "MiniMind.Distributed.sln";

    private static readonly Lazy<IReadOnlyList<string>> Tracked = new(ListTracked);

    /// <summary>Full path of the top folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>What git tracks, as paths relative to the top folder with '/' between names; files deleted since do not count.</summary>
    public static IReadOnlyList<string> TrackedFiles => Tracked.Value;

    /// <summary>Tracked project files, by their path.</summary>
    public static IReadOnlyList<SourceProject> Projects { get; } = [.. TrackedFiles.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).Select(SourceProject.Read)];

    /// <summary>The project that lies at a path relative to the top folder.</summary>
    public static SourceProject Project(string path) => Projects.Single(project => project.Path == path);

    /// <summary>The solution file's text.</summary>
    public static string SolutionText => File.ReadAllText(FullPath(Solution));

    /// <summary>Full path of a path relative to the top folder.</summary>
    public static string FullPath(string relative) => Path.GetFullPath(Path.Combine(Root, relative));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, Solution))) return folder.FullName;
        throw new InvalidOperationException($"expected {Solution} in a folder above {AppContext.BaseDirectory}, found none");
    }

    private static string[] ListTracked()
    {
        // A checkout may belong to somebody else than who builds it, as in a container.
        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", "ls-files", "-z"]) { WorkingDirectory = Root, RedirectStandardOutput = true };
        using var git = Process.Start(start)!;
        var listed = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.True(git.ExitCode == 0, $"git ls-files in {Root} ended with exit code {git.ExitCode}");
        return [.. listed.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(path => File.Exists(FullPath(path)))];
    }
}
