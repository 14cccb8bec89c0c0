using System.Runtime.CompilerServices;
using System.Text.Json;

namespace MiniMind.Text.Tests;

/// <summary>
/// The folder ../shared beside the repository: reference files that are too large to keep here. A test asks <see cref="Exist"/> first,
/// and checks <see cref="ReferenceFiles"/> in any case. Where the folder is, a file missing from it fails the test.
/// </summary>
internal static class SharedFiles
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "shared"));

    public static string Tokenizer(string name) => Path.Combine(Root, "data", "tokenizers", name);

    public static bool Exist => File.Exists(Path.Combine(Root, "golden", "README.md"));

    /// <summary>Lines of a file under ../shared as JSON, at least one.</summary>
    public static IReadOnlyList<JsonElement> JsonLines(string path) =>
        [.. Text(path).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];

    /// <summary>A file's text, not blank.</summary>
    public static string Text(string path)
    {
        string text = File.ReadAllText(Path.Combine(Root, path));
        return string.IsNullOrWhiteSpace(text) ? throw new InvalidDataException($"../shared/{path}: expected content, found none") : text;
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
