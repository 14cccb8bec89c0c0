using System.Text.Json;

namespace MiniMind.Coordinator.Screen;

/// <summary>What metrics.jsonl tells of a run before it was resumed. Lines that a crash cut off are passed over.</summary>
internal sealed class PastStages
{
    private readonly Dictionary<string, StageSummary> _ended = [];
    private readonly Dictionary<string, SortedDictionary<long, (double Loss, long Tokens)>> _steps = [];

    /// <summary>Reads the file, if there is one.</summary>
    public PastStages(string metrics)
    {
        if (!File.Exists(metrics)) return;
        using var file = new StreamReader(new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (file.ReadLine() is { } line)
        {
            if (line.StartsWith("{\"event\":\"stage_ended\"", StringComparison.Ordinal)) Read(line, AddSummary);
            else if (line.StartsWith("{\"event\":\"step\"", StringComparison.Ordinal)) Read(line, AddStep);
        }
    }

    /// <summary>The newest summary of a stage that has ended; null for any other.</summary>
    public StageSummary? SummaryOf(string stage) => _ended.GetValueOrDefault(stage);

    /// <summary>Loss of a stage's first step, and its tokens up to a step that training goes on from.</summary>
    public (double? FirstLoss, long Tokens) Before(string stage, long step)
    {
        if (step == 0 || !_steps.TryGetValue(stage, out var steps)) return (null, 0);
        return (steps.First().Value.Loss, steps.TryGetValue(step, out var last) ? last.Tokens : 0);
    }

    private static void Read(string line, Action<JsonElement> add)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            add(json.RootElement);
        }
        catch (JsonException)
        {
            // The run had died while it wrote this line.
        }
    }

    private void AddStep(JsonElement json)
    {
        var stage = json.GetProperty("stage").GetString()!;
        if (!_steps.TryGetValue(stage, out var steps)) _steps[stage] = steps = [];
        steps[json.GetProperty("step").GetInt64()] = (Number(json, "loss") ?? double.NaN, json.GetProperty("tokens").GetInt64());
    }

    private void AddSummary(JsonElement json) => _ended[json.GetProperty("stage").GetString()!] = new StageSummary(json.GetProperty("stage").GetString()!)
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
