using System.Text.Json;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>Tells what differs between the settings of two runs (<see cref="RunFile.CanonicalText"/>), key by key as a run file spells them.</summary>
internal static class SettingsChange
{
    private const string Absent = "not there";

    /// <returns>Lines such as "pretrain.epochs: was 2, now 3"; none when the settings are the same.</returns>
    public static IReadOnlyList<string> Describe(string before, string after)
    {
        var (old, young) = (Values(before), Values(after));
        return [.. old.Keys.Union(young.Keys)
            .Select(key => (Key: key, Old: old.GetValueOrDefault(key, Absent), New: young.GetValueOrDefault(key, Absent)))
            .Where(entry => entry.Old != entry.New)
            .Select(entry => $"{entry.Key}: was {entry.Old}, now {entry.New}")];
    }

    private static Dictionary<string, string> Values(string canonical)
    {
        var values = new Dictionary<string, string>();
        using var document = JsonDocument.Parse(canonical);
        Add("", document.RootElement);
        return values;

        void Add(string prefix, JsonElement element)
        {
            foreach (var field in element.EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.Object) Add($"{field.Name}.", field.Value);
                else if (field.Value.ValueKind == JsonValueKind.Array)
                    foreach (var stage in field.Value.EnumerateArray()) Add($"{stage.GetProperty("name").GetString()}.", stage);
                else values[prefix + field.Name] = field.Value.ToString();
            }
        }
    }
}
