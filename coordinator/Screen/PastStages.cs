using System.Text.Json;
using Google.Protobuf;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Screen;

/// <summary>What metrics.jsonl and the ledger tell of a run before it was resumed. Lines that a crash cut off are passed over.</summary>
internal sealed class PastStages
{
    private readonly Dictionary<string, StageSummary> _ended = [];
    private readonly Dictionary<(int Stage, long Step), (double? FirstLoss, long Tokens)> _steps = [];

    /// <summary>Reads the files, if there are any.</summary>
    /// <param name="metrics">For the summaries of stages that have ended.</param>
    /// <param name="ledger">For steps: a step is in it before anybody is told.</param>
    public PastStages(string metrics, string ledger)
    {
        foreach (var ended in Events(metrics, "stage_ended")) AddSummary(ended);
        foreach (var line in Lines(ledger)) ReadEntry(line);
    }

    /// <summary>The newest summary of a stage that has ended; null for any other.</summary>
    public StageSummary? SummaryOf(string stage) => _ended.GetValueOrDefault(stage);

    /// <summary>Loss of a stage's first step, and its tokens up to a step that training goes on from.</summary>
    /// <param name="stage">Index of the stage.</param>
    /// <param name="step">0 for its start.</param>
    public (double? FirstLoss, long Tokens) Before(int stage, long step) => _steps.GetValueOrDefault((stage, step));

    /// <summary>The last step of a stage that a metrics.jsonl tells of; 0 when it tells of none.</summary>
    public static long NewestStep(string metrics, string stage) => Events(metrics, "step")
        .Where(step => step.GetProperty("stage").GetString() == stage).Select(step => step.GetProperty("step").GetInt64()).DefaultIfEmpty(0).Max();

    private static IEnumerable<JsonElement> Events(string metrics, string name) =>
        Lines(metrics).Where(line => line.StartsWith($"{{\"event\":\"{name}\"", StringComparison.Ordinal)).Select(Parse).OfType<JsonElement>();

    private static JsonElement? Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.Clone();
        }
        catch (JsonException)
        {
            // The run had died while it wrote this line.
            return null;
        }
    }

    private static IEnumerable<string> Lines(string path)
    {
        if (!File.Exists(path)) yield break;
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (file.ReadLine() is { } line) yield return line;
    }

    private void ReadEntry(string line)
    {
        try
        {
            var entry = LedgerEntry.Parser.ParseJson(line);
            double? loss = entry.Sums.Targets == 0 ? 0 : entry.Sums.LossNumerator / entry.Sums.Targets;
            var before = Before(entry.StageIndex, entry.Step - 1);
            _steps[(entry.StageIndex, entry.Step)] = (before.FirstLoss ?? loss, before.Tokens + entry.Sums.Tokens);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidJsonException)
        {
            // The same; whoever needs the whole ledger says where it is damaged.
        }
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
