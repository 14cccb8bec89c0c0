using System.Text.Json;
using MiniMind.Text;

namespace MiniMind.Worker.SelfTest;

/// <summary>The scalars of a case. What is missing or of another kind is wrong input, named by file and key.</summary>
/// <param name="place">The file, and the keys so far.</param>
public sealed class GoldenScalars(string place, JsonElement values)
{
    /// <summary>Reads a case's JSON file.</summary>
    /// <exception cref="InputException">It cannot be read, or holds no JSON object.</exception>
    public static GoldenScalars Read(string path)
    {
        try
        {
            var root = JsonElement.Parse(File.ReadAllBytes(path));
            return root.ValueKind == JsonValueKind.Object ? new GoldenScalars(path, root) : throw new InputException($"{path}: expected a JSON object, found {root.ValueKind}");
        }
        catch (JsonException failure)
        {
            throw new InputException($"{path}:{failure.LineNumber + 1}: expected JSON: {failure.Message}", failure);
        }
    }

    /// <summary>File and keys so far.</summary>
    public string Place => place;

    /// <summary>The scalars under a key.</summary>
    public GoldenScalars Under(string key) => new($"{place}: {key}", Value(key, JsonValueKind.Object, "an object"));

    public double Number(string key) => Value(key, JsonValueKind.Number, "a number").GetDouble();

    public int Whole(string key) => ToWhole(Value(key, JsonValueKind.Number, "a whole number"), key);

    public IReadOnlyList<float> Numbers(string key) =>
        [.. List(key).Select(item => item.ValueKind == JsonValueKind.Number ? item.GetSingle() : throw Wrong(key, "a list of numbers", item))];

    public IReadOnlyList<int> Wholes(string key) => [.. List(key).Select(item => ToWhole(item, key))];

    private JsonElement.ArrayEnumerator List(string key) => Value(key, JsonValueKind.Array, "a list").EnumerateArray();

    private int ToWhole(JsonElement value, string key) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Wrong(key, "whole numbers", value);

    private JsonElement Value(string key, JsonValueKind kind, string expected)
    {
        if (!values.TryGetProperty(key, out var value)) throw new InputException($"{place}: expected {key}, found none");
        return value.ValueKind == kind ? value : throw Wrong(key, expected, value);
    }

    private InputException Wrong(string key, string expected, JsonElement found) => new($"{place}: {key}: expected {expected}, found {found.GetRawText()}");
}
