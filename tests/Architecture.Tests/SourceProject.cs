using System.Xml.Linq;

namespace MiniMind.Architecture;

/// <summary>What a project file says about others.</summary>
/// <param name="Path">Relative to the top folder.</param>
/// <param name="Xml">The whole file.</param>
internal sealed record SourceProject(string Path, XElement Xml)
{
    /// <summary>Projects whose code it may use, as paths relative to the top folder.</summary>
    public IReadOnlyList<string> CodeReferences => [.. References.Where(reference => !IsBuildOrderOnly(reference)).Select(Target).Order(StringComparer.Ordinal)];

    /// <summary>Projects that are merely built before it, as paths relative to the top folder.</summary>
    public IReadOnlyList<string> BuildOrderReferences => [.. References.Where(IsBuildOrderOnly).Select(Target).Order(StringComparer.Ordinal)];

    /// <summary>Its folder, relative to the top folder.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!.Replace('\\', '/');

    public bool IsTest => Path.StartsWith("tests/", StringComparison.Ordinal);

    private IEnumerable<XElement> References => Xml.Descendants("ProjectReference");

    public static SourceProject Read(string path) => new(path, XElement.Load(Repository.FullPath(path)));

    /// <summary>The packages that its restore would bring, indirect ones included: names from the lock file.</summary>
    public IReadOnlyList<string> PackageGraph()
    {
        using var file = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Repository.FullPath($"{Folder}/packages.lock.json")));
        return [.. file.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(target => target.Value.EnumerateObject()).Select(package => package.Name).Distinct()];
    }

    public override string ToString() => Path;

    private static bool IsBuildOrderOnly(XElement reference) => (string?)reference.Attribute("ReferenceOutputAssembly") == "false";

    private string Target(XElement reference) =>
        System.IO.Path.GetRelativePath(Repository.Root, Repository.FullPath($"{Folder}/{(string)reference.Attribute("Include")!}")).Replace('\\', '/');
}
