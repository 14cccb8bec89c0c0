using System.Text.RegularExpressions;

namespace MiniMind.Architecture;

/// <summary>What lies at the top, how long files are, and where namespaces come from.</summary>
public partial class RepositoryLayoutTests
{
    private const int MostLines = 300;

    private static readonly string[] TopNames =
    [
        "BannedSymbols.txt", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "LICENSE", "MiniMind.Distributed.sln",
        "README.md", "coordinator", "deploy", "global.json", "model", "protos", "tests", "worker",
    ];

    [Fact]
    public void TopFolder_holdsTheAgreedNamesOnly() =>
        Assert.Equal(
            TopNames.Order(StringComparer.Ordinal),
            Repository.TrackedFiles.Select(path => path.Split('/')[0]).Where(name => name[0] != '.').Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void SourceFiles_areShort()
    {
        var lengths = Sources().ToDictionary(path => path, path => File.ReadLines(Repository.FullPath(path)).Count());
        Assert.DoesNotContain(lengths, file => file.Value > MostLines);
    }

    [Fact]
    public void SourceFiles_ofProducts_declareTheNamespaceOfTheirFolder()
    {
        var wrong = from project in Repository.Projects
                    where !project.IsTest
                    from path in Sources()
                    where path.StartsWith(project.Folder + "/", StringComparison.Ordinal)
                    let declared = Namespace().Match(File.ReadAllText(Repository.FullPath(path)))
                    where declared.Success && declared.Groups[1].Value != NamespaceOf(project, path)
                    select $"{path}: {declared.Groups[1].Value}, expected {NamespaceOf(project, path)}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Readme_linksToWhatIsThere()
    {
        var links = Link().Matches(File.ReadAllText(Repository.FullPath("README.md"))).Select(match => match.Groups[1].Value).Where(link => !link.Contains("://", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(Repository.TrackedFiles.Any(path => path == link || path.StartsWith(link.TrimEnd('/') + "/", StringComparison.Ordinal)), $"README.md links to {link}, which is not tracked"));
    }

    private static IEnumerable<string> Sources() => Repository.TrackedFiles.Where(path => path.EndsWith(".cs", StringComparison.Ordinal));

    private static string NamespaceOf(SourceProject project, string path)
    {
        var root = (string?)project.Xml.Descendants("RootNamespace").FirstOrDefault() ?? Path.GetFileNameWithoutExtension(project.Path);
        var folders = Path.GetRelativePath(project.Folder, Path.GetDirectoryName(path)!);
        return folders == "." ? root : $"{root}.{folders.Replace('/', '.').Replace('\\', '.')}";
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex Link();
}
