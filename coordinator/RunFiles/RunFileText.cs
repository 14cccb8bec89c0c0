using System.Globalization;
using System.Text;
using MiniMind.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>From bytes on disk to a YAML tree with positions.</summary>
internal static class RunFileText
{
    /// <exception cref="InputException">The file is missing, not UTF-8, not YAML, or not a mapping.</exception>
    public static YamlMappingNode Parse(string path)
    {
        string text = Read(path);
        YamlNode? root;
        try
        {
            root = ParseNode(text);
        }
        catch (YamlException fault)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{path}:{fault.Start.Line}:{fault.Start.Column}: expected YAML, found: {Reason(fault)}; check indentation, colons and quotes near this place"), fault);
        }

        return root as YamlMappingNode
            ?? throw new InputException($"{path}:1:1: expected a mapping such as 'name: my-run', found {Describe(root)}; see deploy/runs/quickstart.yaml");
    }

    /// <summary>The first document of a YAML text; null when there is none.</summary>
    /// <exception cref="YamlException">The text is not YAML, or is more than one document.</exception>
    public static YamlNode? ParseNode(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (Exception fault) when (fault is not YamlException)
        {
            // On some broken texts YamlDotNet fails in itself, without a position.
            var place = LastPlace(text);
            throw new YamlException(place, place, "brackets, quotes or indentation that do not fit together", fault);
        }

        if (stream.Documents.Count > 1)
        {
            var second = stream.Documents[1].RootNode;
            throw new YamlException(second.Start, second.End, "a second document; one run file holds one run");
        }

        return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
    }

    /// <summary>A node in the words of a message.</summary>
    public static string Describe(YamlNode? node) => node switch
    {
        YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" } => "nothing",
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => $"'{scalar.Value}'",
        YamlScalarNode scalar => $"the quoted text \"{scalar.Value}\"",
        YamlSequenceNode list => list.Children.Count == 0 ? "an empty list" : $"a list of {list.Children.Count}",
        YamlMappingNode => "a mapping",
        _ => "nothing",
    };

    // How far a text can be read.
    private static Mark LastPlace(string text)
    {
        var parser = new Parser(new StringReader(text));
        var place = Mark.Empty;
        try
        {
            while (parser.MoveNext()) place = parser.Current!.End;
        }
        catch (Exception fault) when (fault is YamlException or InvalidOperationException)
        {
            return place;
        }

        return place;
    }

    private static string Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            string found = Directory.Exists(path) ? "a folder" : File.Exists(path) ? "one that may not be read" : "none";
            throw new InputException($"{path}: expected a run file, found {found}; check the path (the current directory is {Directory.GetCurrentDirectory()})", fault);
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException fault)
        {
            int line = 1 + bytes.AsSpan(0, Math.Clamp(fault.Index, 0, bytes.Length)).Count((byte)'\n');
            throw new InputException($"{path}:{line}: expected UTF-8 text, found an invalid byte sequence; save the file as UTF-8", fault);
        }
    }

    // YamlDotNet puts the place in front of its message; ours already has it.
    private static string Reason(YamlException fault)
    {
        string message = fault.Message;
        int colon = message.StartsWith('(') ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        return colon < 0 ? message.TrimEnd('.') : message[(colon + 3)..].TrimEnd('.');
    }
}
