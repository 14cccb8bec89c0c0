using System.Globalization;
using System.Text.Json;

namespace MiniMind.Text.Tokenization;

/// <summary>A value of a tokenizer.json and where it stands, such as "model.merges[7]": what is wrong is said with file and place.</summary>
internal readonly record struct PlacedJson(string File, string Place, JsonElement Value)
{
    /// <summary>The value under a key that must be there.</summary>
    public PlacedJson this[string key] =>
        Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(key, out var found)
            ? this with { Place = Under(key), Value = found }
            : throw Fault($"{Under(key)} is missing");

    /// <summary>Whether a key is there and not null.</summary>
    public bool Has(string key) =>
        Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(key, out var found) && found.ValueKind != JsonValueKind.Null;

    /// <summary>Whether a key is there and true.</summary>
    public bool IsTrue(string key) => Has(key) && this[key].Value.ValueKind == JsonValueKind.True;

    public string Text() => Value.ValueKind == JsonValueKind.String ? Value.GetString()! : throw Wrong("a text");

    /// <summary>A whole number from 0 to <paramref name="highest"/>.</summary>
    public int Number(int highest) =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out int number) && number >= 0 && number <= highest
            ? number
            : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"a whole number from 0 to {highest}"));

    public List<PlacedJson> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array) throw Wrong("a list");
        var self = this;
        return Value.EnumerateArray().Select((item, index) => self with { Place = $"{self.Place}[{index}]", Value = item }).ToList();
    }

    public List<(string Name, PlacedJson Value)> Entries()
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Wrong("an object");
        var self = this;
        return Value.EnumerateObject().Select(entry => (entry.Name, self with { Place = $"{self.Place}[\"{entry.Name}\"]", Value = entry.Value })).ToList();
    }

    public InputException Fault(string found) => new($"{File}: expected a byte-level BPE tokenizer.json, but {found}.");

    private InputException Wrong(string expected)
    {
        const int shown = 40;
        string raw = Value.GetRawText();
        return Fault($"{Place} is {(raw.Length > shown ? raw[..shown] + "…" : raw)} instead of {expected}");
    }

    private string Under(string key) => Place.Length == 0 ? key : $"{Place}.{key}";
}
