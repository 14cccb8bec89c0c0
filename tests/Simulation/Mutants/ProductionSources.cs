using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace MiniMind.Simulation.Mutants;

/// <summary>The sources of what is simulated and of the simulation itself, compiled together in memory, with or without a bug in one of them.</summary>
internal static class ProductionSources
{
    private const string Solution = "MiniMind.Distributed.sln";

    // What the project files let the compiler add.
    private const string Usings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Threading; global using System.Threading.Tasks; global using Orleans; global using Orleans.Runtime;
        """;

    private static readonly string[] Folders =
    [
        "worker/Collectives/Membership", "worker/Collectives/Observability", "worker/Collectives/Reduction", "worker/Collectives/Transport",
        "coordinator/Generations", "coordinator/Ledger", "coordinator/Storage", "tests/Simulation", "tests/Simulation/PowerCuts",
    ];

    private static readonly string[] Files =
    [
        "coordinator/Artifacts/ArtifactStore.cs", "coordinator/Grains/CheckpointFolders.cs", "coordinator/Grains/GrainEffects.cs", "coordinator/Grains/RunFolder.cs",
        "coordinator/Grains/RunRecord.cs", "coordinator/Grains/StoredRun.cs",
    ];

    // The program, tests of other things, and what a coordinator's host needs.
    private static readonly string[] Left = ["FileGrainStorageExtensions.cs", "Program.cs", "SimulationTests.cs", "PowerCutTests.cs", "ScriptedRun.cs", "ScriptedHistory.cs"];

    private static readonly CSharpParseOptions Language = new(LanguageVersion.Preview);
    private static readonly string Root = FindRoot();
    private static readonly Lazy<Dictionary<string, SyntaxTree>> Trees = new(ParseAll);
    private static readonly Lazy<List<MetadataReference>> References = new(() =>
    [
        // Types of the sources come before those of the same name in the products' own assemblies.
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) != typeof(ProductionSources).Assembly.GetName().Name).Select(path => MetadataReference.CreateFromFile(path)),
    ]);

    /// <summary>Compiles all of them.</summary>
    /// <param name="bug">Null: as they are.</param>
    /// <returns>The assembly's bytes.</returns>
    /// <exception cref="InvalidOperationException">They do not compile, or the bug's original text is not there exactly once.</exception>
    public static byte[] Compile(PlantedBug? bug)
    {
        var trees = Trees.Value;
        if (bug is not null) trees = new(trees) { [bug.File] = Parse(bug.File, bug.PlantIn(File.ReadAllText(Path.Combine(Root, bug.File)))) };
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable);
        var compilation = CSharpCompilation.Create($"MiniMind.Simulation.Mutant-{bug?.Name ?? "none"}", trees.Values, References.Value, options);
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        if (result.Success) return assembly.ToArray();
        var errors = result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Take(5);
        throw new InvalidOperationException($"\"{bug?.Name}\" does not compile: {string.Join('\n', errors)}");
    }

    private static Dictionary<string, SyntaxTree> ParseAll()
    {
        var sources = Folders.SelectMany(folder => Directory.GetFiles(Path.Combine(Root, folder), "*.cs")).Where(path => !Left.Contains(Path.GetFileName(path)))
            .Select(path => Path.GetRelativePath(Root, path)).Concat(Files);
        var trees = sources.ToDictionary(path => path, path => Parse(path, File.ReadAllText(Path.Combine(Root, path))));
        trees.Add("usings", Parse("usings", Usings));
        return trees;
    }

    private static SyntaxTree Parse(string path, string text) => CSharpSyntaxTree.ParseText(text, Language, path);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, Solution))) return folder.FullName;
        throw new InvalidOperationException($"expected {Solution} in a folder above {AppContext.BaseDirectory}, found none");
    }
}
