using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>
/// Keeps the toy world of a run with its run: a <c>sample.out</c> inside the run's own folder follows that folder when it is overridden (--out), and the data
/// paths that name the world's files follow <c>sample.out</c>. Otherwise a run into another folder would write to the first one's world.
/// </summary>
internal sealed class SampleMove
{
    private readonly string _fileName;
    private readonly string _formerOut;
    private readonly YamlScalarNode? _sampleOut;
    private readonly string _formerSample;
    private readonly List<YamlScalarNode> _data = [];

    /// <summary>Looks at a run file as it was written, before anything is overridden.</summary>
    public SampleMove(YamlMappingNode root, string fileName)
    {
        (_fileName, _formerOut) = (fileName, OutOf(root, fileName));
        _sampleOut = SampleOutOf(root);
        _formerSample = _sampleOut?.Value ?? "";
        if (_formerSample.Length == 0) return;
        var sample = new SampleData(_formerSample, 0);
        _data.AddRange(DataPaths(root).Where(node => node.Value is { Length: > 0 } path && sample.Contains(path)));
    }

    /// <summary>Changes the paths that move, in place, once the overrides are in the tree. Values that an override gave stay as they are.</summary>
    public void Apply(YamlMappingNode root)
    {
        if (_formerSample.Length == 0 || SampleOutOf(root) is not { Value.Length: > 0 } present) return;
        if (ReferenceEquals(present, _sampleOut)) present.Value = Moved(_formerSample, OutOf(root, _fileName));
        if (present.Value == _formerSample) return;
        foreach (var path in _data) path.Value = Path.Combine(present.Value, Path.GetFileName(path.Value!));
    }

    private string Moved(string folder, string newOut)
    {
        string inside = Path.GetRelativePath(_formerOut, folder);
        bool isInside = inside != ".." && !inside.StartsWith("../", StringComparison.Ordinal) && !Path.IsPathRooted(inside);
        return isInside && Path.GetFullPath(newOut) != Path.GetFullPath(_formerOut) ? Path.Combine(newOut, inside) : folder;
    }

    private static IEnumerable<YamlScalarNode> DataPaths(YamlMappingNode root)
    {
        if (Overrides.Find(root, "stages") is not YamlSequenceNode stages) yield break;
        foreach (var stage in stages.Children.OfType<YamlMappingNode>())
            foreach (string key in (string[])["data", "validation"])
                foreach (var entry in Overrides.Find(stage, key) switch { YamlSequenceNode list => list.Children, { } one => [one], null => [] })
                    if ((entry is YamlMappingNode weighted ? Overrides.Find(weighted, "path") : entry) is YamlScalarNode path) yield return path;
    }

    private static string OutOf(YamlMappingNode root, string fileName) =>
        Text(root, "out") ?? RunFile.DefaultOut(Text(root, "name") ?? RunFileReader.SafeName(fileName));

    private static YamlScalarNode? SampleOutOf(YamlMappingNode root) =>
        Overrides.Find(root, "sample") is YamlMappingNode sample ? Overrides.Find(sample, "out") as YamlScalarNode : null;

    private static string? Text(YamlMappingNode root, string key) => Overrides.Find(root, key) is YamlScalarNode { Value.Length: > 0 } scalar ? scalar.Value : null;
}
