using System.Xml.Linq;

namespace MiniMind.Architecture;

/// <summary>Every project is in the solution and built with the same rules.</summary>
public class ProjectSettingsTests
{
    public static TheoryData<string> Projects => [.. Repository.Projects.Select(project => project.Path)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_isInTheSolution(string project) =>
        Assert.Contains($"\"{project.Replace('/', '\\')}\"", Repository.SolutionText, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_hasATrackedLockFile(string project) =>
        Assert.Contains($"{Repository.Project(project).Folder}/packages.lock.json", Repository.TrackedFiles);

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_setsNoRuleOrVersionOfItsOwn(string project)
    {
        string[] common =
        [
            "TargetFramework", "TargetFrameworks", "LangVersion", "Nullable", "TreatWarningsAsErrors", "WarningsNotAsErrors", "NoWarn", "AnalysisLevel", "AnalysisMode",
            "EnforceCodeStyleInBuild", "RunAnalyzers", "RestorePackagesWithLockFile", "RestoreLockedMode", "ManagePackageVersionsCentrally",
        ];
        var xml = Repository.Project(project).Xml;
        Assert.DoesNotContain(xml.Descendants(), element => common.Contains(element.Name.LocalName));
        Assert.DoesNotContain(xml.Descendants("PackageReference"), package => package.Attributes().Any(attribute => attribute.Name.LocalName is "Version" or "VersionOverride"));
    }

    [Theory]
    [InlineData("TargetFramework", "net10.0")]
    [InlineData("Nullable", "enable")]
    [InlineData("TreatWarningsAsErrors", "true")]
    [InlineData("AnalysisLevel", "latest")]
    [InlineData("AnalysisMode", "Recommended")]
    [InlineData("EnforceCodeStyleInBuild", "true")]
    [InlineData("RestorePackagesWithLockFile", "true")]
    [InlineData("RestoreLockedMode", "true")]
    public void CommonRules_areStrict(string name, string expected) =>
        Assert.Equal(expected, XElement.Load(Repository.FullPath("Directory.Build.props")).Descendants(name).Single().Value);

    [Fact]
    public void SourceFiles_switchARuleOffOnlyWithAReason()
    {
        string[] switches = ["#nullable " + "disable", "#pragma " + "warning disable"];
        var unexplained = from path in Repository.TrackedFiles
                          where path.EndsWith(".cs", StringComparison.Ordinal)
                          from line in File.ReadLines(Repository.FullPath(path))
                          where switches.Any(line.Contains) && !line.Contains(" // ", StringComparison.Ordinal)
                          select $"{path}: {line}";
        Assert.Empty(unexplained);
    }
}
