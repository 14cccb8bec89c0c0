using System.Text.Json;

namespace MiniMind.Coordinator.Screen;

/// <summary>What metrics.jsonl tells of stages that ended before a run was resumed.</summary>
internal static class PastStages
{
    /// <summary>The newest summary of every stage that has ended, by its name; lines that a crash cut off are passed over.</summary>
    public static IReadOnlyDictionary<string, StageSummary> Read(string metrics)
    {
        var stages = new Dictionary<string, StageSummary>();
        if (!File.Exists(metrics)) return stages;
        using var file = new StreamReader(new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (file.ReadLine() is { } line)
        {
            if (!line.StartsWith("{\"event\":\"stage_ended\"", StringComparison.Ordinal)) continue;
            try
            {
                using var json = JsonDocument.Parse(line);
                var stage = SummaryOf(json.RootElement);
                stages[stage.Stage] = stage;
            }
            catch (JsonException)
            {
                // The run had died while it wrote this line.
            }
        }
        return stages;
    }

    private static StageSummary SummaryOf(JsonElement json) => new(json.GetProperty("stage").GetString()!)
    {
        Steps = Whole(json, "steps"), Tokens = Whole(json, "tokens"), FirstLoss = Number(json, "first_loss"), LastLoss = Number(json, "last_loss"),
        ValidationLoss = Number(json, "validation_loss"), Wall = TimeSpan.FromSeconds(Number(json, "wall_seconds") ?? 0),
        ExactMatchBefore = Number(json, "exact_match_before"), ExactMatchAfter = Number(json, "exact_match_after"),
    };

    private static long? Whole(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    // A loss that is no number is written as a string.
    private static double? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
