using MiniMind.Coordinator.RunFiles;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>What a run is given beside its settings, as hashes by the key that names it: "tokenizer", "pretrain.data", …</summary>
internal static class RunInputs
{
    private const string Tokenizer = "tokenizer";

    public static Dictionary<string, string> Of(PreparedData data)
    {
        var inputs = data.Stages.ToDictionary(entry => KeyOf(entry.Stage), entry => entry.Data.Key);
        inputs[Tokenizer] = data.Tokenizer.Sha256;
        return inputs;
    }

    /// <summary>Names the keys, and their files, whose content is not what a run was begun with; none when nothing is known of that.</summary>
    public static IReadOnlyList<string> Changes(IReadOnlyDictionary<string, string> known, PreparedData now)
    {
        var inputs = Of(now);
        // The hash of encoded data holds that of the tokenizer.
        if (IsOther(Tokenizer)) return [$"{Tokenizer} ({string.Join(", ", now.Tokenizer.Files)})"];
        return [.. now.Stages.Select(entry => entry.Stage).Where(stage => IsOther(KeyOf(stage))).Select(stage => $"{KeyOf(stage)} ({string.Join(", ", stage.Files)})")];

        bool IsOther(string key) => known.TryGetValue(key, out var former) && former != inputs[key];
    }

    private static string KeyOf(TrainingStage stage) => $"{stage.Name}.data";
}
