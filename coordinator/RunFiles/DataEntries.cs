using Microsoft.Extensions.FileSystemGlobbing;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Text;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>
/// Reads what a run file says about data: a file, a pattern such as <c>my/*.jsonl.gz</c> (<c>*</c> within a folder, <c>**</c> across folders; files come in
/// order of their names), <c>{path: …, weight: 2}</c>, or a list of these.
/// </summary>
internal sealed class DataEntries(FaultList faults, SampleData? sample)
{
    /// <summary>Files that exist, each once; empty after a fault has been reported.</summary>
    public IReadOnlyList<DataSource> Read(string key, MappingReader reader, bool weights)
    {
        var sources = new List<DataSource>();
        foreach (var entry in Entries(key, reader))
        {
            if (entry is YamlScalarNode { Value.Length: > 0 } path) sources.AddRange(Expand(path.Value, 1, path, reader.Full(key)));
            else if (entry is YamlMappingNode mapping && weights) sources.AddRange(ReadWeighted(mapping, reader.Full(key)));
            else faults.Add(entry, reader.Full(key), weights ? "a file or a mapping with path and weight" : "a file", RunFileText.Describe(entry), "give a path, or a pattern such as data/*.jsonl");
        }

        foreach (var twins in sources.GroupBy(source => Path.GetFullPath(source.Path)).Where(group => group.Count() > 1))
            reader.Fault(key, "each file once", $"'{twins.First().Path}' {twins.Count()} times", weights ? "give it once, with a weight" : "give it once");
        return sources;
    }

    /// <summary>Files that a command line names, patterns expanded.</summary>
    /// <exception cref="InputException">A file is not there, or no file matches a pattern; all such are named.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> paths)
    {
        var faults = new List<string>();
        var files = new List<string>();
        foreach (string path in paths)
        {
            var matched = path.Contains('*', StringComparison.Ordinal) && !File.Exists(path) ? Match(path) : [path];
            if (matched.Count == 0) faults.Add($"{path}: no file matches this pattern");
            else if (!File.Exists(matched[0])) faults.Add($"{path}: expected a file, found {(Directory.Exists(path) ? $"a folder; for the files in it: {path.TrimEnd('/')}/*.jsonl" : "none")}");
            else files.AddRange(matched);
        }

        return faults.Count == 0 ? files : throw new InputException(string.Join(Environment.NewLine, faults));
    }

    private static IReadOnlyList<YamlNode> Entries(string key, MappingReader reader)
    {
        var value = reader.Find(key);
        if (value is YamlScalarNode { Value.Length: > 0 } or YamlMappingNode) return [value];
        if (value is YamlSequenceNode { Children.Count: > 0 } list) return [.. list.Children];
        reader.Fault(key, "a file or a list of files", value is null ? "nothing" : RunFileText.Describe(value), $"add '{key}: path/to/file.jsonl'");
        return [];
    }

    private IReadOnlyList<DataSource> ReadWeighted(YamlMappingNode mapping, string place)
    {
        var reader = new MappingReader(mapping, place, faults);
        string? path = reader.Text("path");
        if (reader.Find("path") is null) reader.Fault("path", "a file", "nothing", "for example {path: my/books.jsonl, weight: 2}");
        double weight = reader.Number("weight", 1, number => number is > 0 and <= DataSource.MostWeight, $"a number above 0, at most {DataSource.MostWeight}");
        reader.RejectUnknownKeys();
        return path is null ? [] : Expand(path, weight, reader.Find("path")!, reader.Full("path"));
    }

    private IReadOnlyList<DataSource> Expand(string path, double weight, YamlNode place, string key)
    {
        if (path.Contains('*', StringComparison.Ordinal) && !File.Exists(path))
        {
            var files = Match(path);
            if (files.Count == 0) faults.Add(place, key, "a pattern that some file matches", $"none for '{path}'", $"check the path; it is relative to {Directory.GetCurrentDirectory()}");
            return [.. files.Select(file => new DataSource(file, weight))];
        }

        // The toy world's files need not be there yet: they are written before the first stage.
        if (File.Exists(path) || sample?.Contains(path) == true) return [new DataSource(path, weight)];
        string found = Directory.Exists(path) ? $"the folder '{path}'" : $"none at '{path}'";
        string fix = Directory.Exists(path) ? $"for the files in it: {path.TrimEnd('/')}/*.jsonl" : $"check the path; it is relative to {Directory.GetCurrentDirectory()}";
        faults.Add(place, key, "an existing file", found, fix);
        return [];
    }

    /// <summary>Files in order of their names, as the pattern spells their folder.</summary>
    private static IReadOnlyList<string> Match(string pattern)
    {
        string[] parts = pattern.Split('/');
        int literal = Array.FindIndex(parts, part => part.Contains('*', StringComparison.Ordinal));
        string root = string.Join('/', parts[..literal]);
        if (root.Length == 0) root = literal > 0 ? "/" : "";
        var matcher = new Matcher(StringComparison.Ordinal);
        matcher.AddInclude(string.Join('/', parts[literal..]));
        string folder = root.Length == 0 ? Directory.GetCurrentDirectory() : root;
        if (!Directory.Exists(folder)) return [];
        return [.. matcher.GetResultsInFullPath(folder).Order(StringComparer.Ordinal).Select(file => Path.Combine(root, Path.GetRelativePath(folder, file)))];
    }
}
