using System.Text.Json;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Protos;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Audit;

/// <summary>The run's state agrees with itself: its identity is the hash of its settings and inputs, and its stages are what the settings say.</summary>
internal static class StateAudit
{
    private const string Place = "state";

    public static void Check(RunRecord record, IReadOnlyList<StageSpec> stages, AuditPart part)
    {
        using var settings = JsonDocument.Parse(record.Settings);
        var described = settings.RootElement.GetProperty("stages").EnumerateArray().ToList();
        var training = described.Where(IsTraining).Select(NameOf).ToList();
        var missing = training.Select(name => $"{name}.data").Prepend("tokenizer").Where(key => !record.Inputs.ContainsKey(key)).ToList();
        if (missing.Count > 0) part.Fault(Place, $"the hash of {string.Join(", ", missing)} is missing");
        else if (record.Identity != RunIdentity.Compute(record.Settings, record.Inputs["tokenizer"], training.Select(name => record.Inputs[$"{name}.data"])))
            part.Fault(Place, "the run's identity is not the hash of its settings, tokenizer and data");

        var seed = settings.RootElement.GetProperty("seed").GetUInt64();
        foreach (var stage in stages)
        {
            if (stage.StageIndex >= described.Count) part.Fault(Place, $"stage {stage.StageIndex} ({stage.Stage}) is not in the settings");
            else Compare(stage, seed, record.Identity, described[stage.StageIndex], part);
        }
        foreach (var index in record.CompletedStages.Where(index => stages.All(stage => stage.StageIndex != index)))
            part.Fault(Place, $"stage {index} is complete, but never began");
        part.Prove($"identity {record.Identity[..Math.Min(12, record.Identity.Length)]}, the hash of settings, tokenizer and data");
    }

    /// <summary>Names of the training stages that the settings describe and that have not begun, in order.</summary>
    public static IReadOnlyList<string> NotBegun(RunRecord record, IReadOnlyList<StageSpec> begun)
    {
        using var settings = JsonDocument.Parse(record.Settings);
        return [.. settings.RootElement.GetProperty("stages").EnumerateArray().Index()
            .Where(stage => IsTraining(stage.Item) && begun.All(known => known.StageIndex != stage.Index)).Select(stage => NameOf(stage.Item))];
    }

    private static bool IsTraining(JsonElement stage) => stage.TryGetProperty("lanes", out _);

    private static string NameOf(JsonElement stage) => stage.GetProperty("name").GetString()!;

    private static void Compare(StageSpec stage, ulong seed, string identity, JsonElement settings, AuditPart part)
    {
        void Require<T>(string what, T expected, T found) where T : IEquatable<T>
        {
            if (!expected.Equals(found)) part.Fault(Place, $"stage {stage.Stage}: expected {what} {expected} as in the settings, found {found}");
        }
        Require("the name", NameOf(settings), stage.Stage);
        Require("the kind", settings.GetProperty("stage").GetString()!, stage.Kind);
        Require("the identity", identity, stage.Identity);
        Require("the seed", seed, stage.Seed);
        Require("lanes", settings.GetProperty("lanes").GetInt32(), stage.Lanes);
        Require("microbatches per lane", settings.GetProperty("microbatches_per_lane").GetInt32(), stage.MicrobatchesPerLane);
        Require("sequences per microbatch", settings.GetProperty("sequences_per_microbatch").GetInt32(), stage.SequencesPerMicrobatch);
        Require("the sequence length", settings.GetProperty("sequence_length").GetInt32(), stage.SequenceLength);
        Require("epochs", settings.GetProperty("epochs").GetInt32(), stage.Epochs);
        Require("steps", OrderOf(stage).TotalSteps, stage.TotalSteps);
    }

    /// <summary>The order of a stage's samples, from its seed and sizes alone.</summary>
    public static SampleOrder OrderOf(StageSpec stage) => new(
        stage.Seed, stage.StageIndex, stage.TrainingSequences, stage.Lanes, stage.MicrobatchesPerLane, stage.SequencesPerMicrobatch, stage.Epochs);
}
