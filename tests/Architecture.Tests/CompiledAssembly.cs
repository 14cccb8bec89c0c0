using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace MiniMind.Architecture;

/// <summary>Reads what a compiled assembly refers to, without loading it.</summary>
internal static class CompiledAssembly
{
    // These tests and the parts they read are built together: bin/CONFIGURATION/FRAMEWORK.
    private static readonly string OutputFolder =
        Path.GetRelativePath(Repository.FullPath("tests/Architecture.Tests"), AppContext.BaseDirectory);

    /// <summary>Names of the assemblies that the compiler saw used.</summary>
    /// <param name="projectFolder">Relative to the top folder.</param>
    /// <param name="name">Of the assembly, without ".dll".</param>
    public static IReadOnlyList<string> References(string projectFolder, string name)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(OutputOf(projectFolder), $"{name}.dll")));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }

    /// <summary>Names of all files beside a compiled program.</summary>
    public static IReadOnlyList<string> FilesBeside(string projectFolder) =>
        [.. Directory.EnumerateFiles(OutputOf(projectFolder), "*", SearchOption.AllDirectories).Select(path => Path.GetFileName(path))];

    private static string OutputOf(string projectFolder) => Repository.FullPath($"{projectFolder}/{OutputFolder}");
}
