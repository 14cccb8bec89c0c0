using System.Text.Json;
using MiniMind.Text;

namespace MiniMind.Worker.SelfTest;

/// <summary>One line of a text case: what goes in, and what both MiniMind tokenizers or templates make of it.</summary>
/// <param name="place">File and line, for messages.</param>
public sealed class GoldenText(string place, JsonElement line)
{
    /// <summary>The names under which a line holds what each tokenizer gives, and under which the tokenizers' folders are found.</summary>
    public static readonly IReadOnlyList<string> Tokenizers = ["minimind-3", "minimind2"];

    /// <summary>Reads a file of such lines.</summary>
    /// <exception cref="InputException">Names the file and the line that is not a JSON object.</exception>
    public static IReadOnlyList<GoldenText> Read(string path)
    {
        var texts = new List<GoldenText>();
        foreach (var line in File.ReadLines(path)) texts.Add(Parse($"{path}:{texts.Count + 1}", line));
        return texts.Count > 0 ? texts : throw new InputException($"{path}: expected a JSON object per line, found an empty file");
    }

    /// <summary>File and line.</summary>
    public string Place => place;

    /// <summary>A value that must be there.</summary>
    /// <exception cref="InputException">It is not, or is of another kind.</exception>
    public JsonElement Value(string key, JsonValueKind kind) =>
        line.TryGetProperty(key, out var value) && value.ValueKind == kind
            ? value
            : throw new InputException($"{place}: expected \"{key}\" ({kind}), found {(value.ValueKind == JsonValueKind.Undefined ? "none" : value.ValueKind)}");

    /// <summary>A text that must be there.</summary>
    public string Text(string key)
    {
        try
        {
            return Value(key, JsonValueKind.String).GetString()!;
        }
        catch (InvalidOperationException fault)
        {
            throw new InputException($"{place}: expected Unicode in \"{key}\", found half of a surrogate pair", fault);
        }
    }

    /// <summary>A value that may be absent.</summary>
    public JsonElement? Optional(string key) =>
        line.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Whether a mark is set; absent counts as not.</summary>
    public bool Flag(string key) => Optional(key)?.ValueKind == JsonValueKind.True;

    private static GoldenText Parse(string place, string line)
    {
        try
        {
            var json = JsonElement.Parse(line);
            return json.ValueKind == JsonValueKind.Object
                ? new GoldenText(place, json)
                : throw new InputException($"{place}: expected a JSON object, found {json.ValueKind}");
        }
        catch (JsonException fault)
        {
            throw new InputException($"{place}: expected a JSON object: {fault.Message}", fault);
        }
    }
}
