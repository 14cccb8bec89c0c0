using System.Runtime.CompilerServices;
using System.Text.Json;

namespace MiniMind.Text.Tests;

/// <summary>
/// The folder ../shared beside the repository: reference files that are too large to keep here. Where it is absent, tests that read it
/// have no cases from it and check their own small ones only.
/// </summary>
internal static class SharedFiles
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "shared"));

    public static string Tokenizer(string name) => Path.Combine(Root, "data", "tokenizers", name);

    public static bool Exist => File.Exists(Path.Combine(Root, "golden", "README.md"));

    /// <summary>Lines of a file under ../shared as JSON; none when it is absent.</summary>
    public static IEnumerable<JsonElement> JsonLines(string path)
    {
        string full = Path.Combine(Root, path);
        return File.Exists(full) ? File.ReadLines(full).Select(line => JsonElement.Parse(line)) : [];
    }

    /// <summary>A file's text, or null when it is absent.</summary>
    public static string? Text(string path)
    {
        string full = Path.Combine(Root, path);
        return File.Exists(full) ? File.ReadAllText(full) : null;
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
