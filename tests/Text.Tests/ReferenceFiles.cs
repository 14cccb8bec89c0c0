using System.Runtime.CompilerServices;
using System.Text.Json;

namespace MiniMind.Text.Tests;

/// <summary>
/// The folder References, made with other programs (see its README). A file that is missing or empty fails the test that reads it: a
/// test without cases would pass.
/// </summary>
internal static class ReferenceFiles
{
    private static readonly string Root = Path.Combine(Path.GetDirectoryName(Here())!, "References");

    /// <summary>The tokenizer that encode.jsonl belongs to.</summary>
    public static string Tokenizer => Path.Combine(Root, "tokenizer.json");

    /// <summary>Lines of a file as JSON, at least one.</summary>
    public static IReadOnlyList<JsonElement> JsonLines(string name) => [.. Lines(name).Select(line => JsonElement.Parse(line))];

    /// <summary>Lines of a file without their ends, at least one.</summary>
    public static string[] Lines(string name) => Text(name).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A file's text, not blank.</summary>
    public static string Text(string name)
    {
        string text = File.ReadAllText(Path.Combine(Root, name));
        return string.IsNullOrWhiteSpace(text) ? throw new InvalidDataException($"References/{name}: expected content, found none") : text;
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
