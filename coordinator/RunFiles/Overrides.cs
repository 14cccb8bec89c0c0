using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>Puts "stage.key=value" into the YAML tree before it is read, so that overrides are checked like the file itself.</summary>
internal static class Overrides
{
    /// <summary>Applies all in order; what cannot be applied is reported.</summary>
    public static void Apply(YamlMappingNode root, IReadOnlyList<string> overrides, FaultList faults)
    {
        foreach (string text in overrides)
        {
            string origin = $"--set {text}";
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                faults.AddOverride(origin, "key=value or stage.key=value", $"'{text}'", "for example --set pretrain.epochs=2");
                continue;
            }

            if (ParseValue(text[(equals + 1)..], origin, faults) is not { } value) continue;
            string[] path = text[..equals].Trim().Split('.');
            if (Target(root, path, origin, faults) is { } target) Set(target, path[^1], value, origin, faults);
        }
    }

    /// <summary>The value of a key; null when it is absent.</summary>
    public static YamlNode? Find(YamlMappingNode node, string key) =>
        node.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode scalar && scalar.Value == key).Value;

    private static YamlNode? ParseValue(string text, string origin, FaultList faults)
    {
        try
        {
            var value = RunFileText.ParseNode(text) ?? new YamlScalarNode("") { Style = ScalarStyle.Plain };
            foreach (var node in value.AllNodes) faults.MarkOrigin(node, origin);
            return value;
        }
        catch (YamlException)
        {
            faults.AddOverride(origin, "a YAML value after '='", $"'{text}'", "quote it, for example --set \"pretrain.data=[a.jsonl, b.jsonl]\"");
            return null;
        }
    }

    private static YamlMappingNode? Target(YamlMappingNode root, string[] path, string origin, FaultList faults)
    {
        if (path.Length == 1) return root;
        var stages = StagesOf(root);
        if (path.Length > 2)
        {
            faults.AddOverride(origin, "at most one dot before '='", $"'{string.Join('.', path)}'", "for example --set pretrain.epochs=2");
            return null;
        }

        if (path[0] is "model" or "sample") return Section(root, path[0], origin, faults);
        if (stages.FirstOrDefault(stage => NameOf(stage) == path[0]) is { } found) return found;
        var known = stages.Select(NameOf).OfType<string>().Concat(["model", "sample"]);
        faults.AddOverride(origin, "the name of a stage of this run, 'model' or 'sample' before the dot", $"'{path[0]}'", NearestWord.Suggest(path[0], known));
        return null;
    }

    // "model: tiny" becomes "model: {preset: tiny}" so that single sizes can be set on top of it.
    private static YamlMappingNode Section(YamlMappingNode root, string name, string origin, FaultList faults)
    {
        var present = Find(root, name);
        if (present is YamlMappingNode mapping) return mapping;
        var section = new YamlMappingNode();
        if (present is YamlScalarNode preset) section.Add("preset", preset);
        Set(root, name, section, origin, faults);
        return section;
    }

    private static void Set(YamlMappingNode target, string key, YamlNode value, string origin, FaultList faults)
    {
        faults.MarkOrigin(value, origin);
        var present = target.Children.Keys.FirstOrDefault(node => node is YamlScalarNode scalar && scalar.Value == key);
        if (present is null)
        {
            present = new YamlScalarNode(key) { Style = ScalarStyle.Plain };
            faults.MarkOrigin(present, origin);
        }

        target.Children[present] = value;
    }

    private static List<YamlMappingNode> StagesOf(YamlMappingNode root) =>
        Find(root, "stages") is YamlSequenceNode list ? [.. list.Children.OfType<YamlMappingNode>()] : [];

    private static string? NameOf(YamlMappingNode stage) =>
        ((Find(stage, "name") ?? Find(stage, "stage")) as YamlScalarNode)?.Value;
}
