using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Protos;
using MiniMind.Text;
using MiniMind.Text.Configuration;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Everything that happens before the first step: tokenizer, encoded and packed data, stage specifications, artifacts.</summary>
/// <param name="record">Where the run stands; its identity is empty when it has not begun.</param>
internal sealed class Preparation(RunFile run, RunFolder folder, RunRecord record, ArtifactStore artifacts, IRunScreen screen, TimeProvider time)
{
    private readonly DataPreparation _data = new(run, folder, record.Identity.Length > 0, screen, time);

    /// <summary>Prepares all stages. Whatever is there already, from an earlier attempt or another run of the same data, is not done again.</summary>
    /// <exception cref="InputException">The data is wrong, or not what the run was begun with: then nothing of the run was changed.</exception>
    public async Task<PreparedRun> PrepareAsync(CancellationToken cancellation)
    {
        // The cache is not the run's own: what a new run will need is copied before somebody prunes it. One that has begun has its copies.
        var copied = new Dictionary<int, List<ArtifactRef>>();
        var prepared = await _data.PrepareAsync(async (stage, trained) =>
        {
            if (record.Identity.Length == 0) copied[stage.Index] = await ShardsAsync(stage, trained, cancellation);
        }, cancellation);
        var (tokenizer, stages) = prepared;
        var identity = RunIdentity.Compute(run.CanonicalText, tokenizer.Sha256, stages.Select(stage => stage.Data.Key));
        RefuseOtherData(identity, prepared);
        // A tokenizer stage may stop below the size that it was asked for; a size that the model was given stands.
        var model = run.VocabularyGiven ? run.Model : run.Model with { VocabularySize = tokenizer.VocabularySize };
        model = model with { BeginningOfSequence = tokenizer.BeginningOfSequence, EndOfSequence = tokenizer.EndOfSequence, Padding = tokenizer.Padding };
        screen.Message(
            $"model {model.Name}: {model.ParameterCount:N0} parameters, vocabulary {model.VocabularySize:N0}; "
            + $"{16.0 * model.ParameterCount / (1 << 20):N0} MB per worker for weights, gradient and moments");
        var files = await AddAsync(tokenizer.Files, cancellation);
        var specs = new List<StageSpec>();
        foreach (var stage in stages)
        {
            var data = stage.Data;
            var spec = StageSpecs.Of(run, stage.Stage, stage.Index, identity, model, data);
            spec.Tokenizer.AddRange(files);
            var shards = copied.GetValueOrDefault(stage.Index) ?? await ShardsAsync(stage, tokenizer, cancellation);
            spec.TrainingShards.AddRange(shards[..data.Training.Shards.Count]);
            spec.ValidationShards.AddRange(shards[data.Training.Shards.Count..]);
            specs.Add(spec);
        }
        return new PreparedRun(identity, RunInputs.Of(prepared), model, Path.GetDirectoryName(tokenizer.Files[0])!, specs);
    }

    /// <summary>The settings were compared before anything was prepared; what is left is content.</summary>
    private void RefuseOtherData(string identity, PreparedData data)
    {
        if (record.Identity.Length == 0 || record.Identity == identity) return;
        var changes = RunInputs.Changes(record.Inputs, data);
        throw new InputException(
            $"the run in {folder.Root} was begun with other data, so going on would not give one result. Changed: "
            + $"{(changes.Count > 0 ? string.Join("; ", changes) : "its data or its tokenizer")}. Undo that, or start anew with --out DIR");
    }

    /// <summary>
    /// Stores the shards of a stage, training before validation. They are hashed on the way: one that is not what was encoded, because the cache's disk or
    /// somebody changed it, would train another model, so its data is encoded again; as is data that is pruned before all of it is copied.
    /// </summary>
    private async Task<List<ArtifactRef>> ShardsAsync(StageData stage, Tokenizer tokenizer, CancellationToken cancellation)
    {
        for (var data = stage.Data; ; data = await _data.IngestAsync(stage.Stage, tokenizer, cancellation))
        {
            if (await CopyAsync(data, cancellation) is not { } shards)
            {
                screen.Message($"{data.Folder}: the encoded data was removed before it was copied; encoding it again");
                continue;
            }
            if (Changed(data, shards) is not { } changed) return shards;
            if (!data.FromCache)
                throw new InputException($"{changed}: the file is not what was written a moment ago; see whether the disk is sound, or choose another one with --out DIR");
            screen.Message($"{changed}: the cached data was changed since it was encoded; encoding it again");
            CacheFolders.Remove(data.Folder);
        }
    }

    /// <summary>Copies the shards; null when their folder is gone.</summary>
    private async Task<List<ArtifactRef>?> CopyAsync(IngestedDataset data, CancellationToken cancellation)
    {
        try
        {
            return await AddAsync(data.Paths(data.Training).Concat(data.Validation is { } held ? data.Paths(held) : []), cancellation);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException && !Directory.Exists(data.Folder))
        {
            return null;
        }
    }

    /// <summary>Path of the first shard whose content is not that of the manifest; null for none.</summary>
    private static string? Changed(IngestedDataset data, List<ArtifactRef> shards)
    {
        var expected = data.Training.Shards.Concat(data.Validation?.Shards ?? []);
        var first = shards.Zip(expected).FirstOrDefault(pair => pair.First.Sha256 != pair.Second.Sha256).First;
        return first is null ? null : Path.Combine(data.Folder, first.Name);
    }

    private async Task<List<ArtifactRef>> AddAsync(IEnumerable<string> paths, CancellationToken cancellation)
    {
        var references = new List<ArtifactRef>();
        foreach (var path in paths)
        {
            var sha = await artifacts.AddFileAsync(path, cancellation);
            references.Add(new ArtifactRef { Name = Path.GetFileName(path), Sha256 = sha, Size = new FileInfo(path).Length });
        }
        return references;
    }
}

/// <summary>A run whose stages can begin.</summary>
/// <param name="Identity">Hash of all that may change bits.</param>
/// <param name="Inputs">The part of it that is content: hashes by the key that names it.</param>
/// <param name="Model">Sizes, with the tokenizer's vocabulary.</param>
/// <param name="Tokenizer">Folder of the tokenizer.</param>
/// <param name="Stages">Training stages in order.</param>
internal sealed record PreparedRun(string Identity, Dictionary<string, string> Inputs, ModelConfig Model, string Tokenizer, IReadOnlyList<StageSpec> Stages)
{
    /// <summary>What another coordinator has prepared: nothing is read or encoded again.</summary>
    public static PreparedRun AsPlanned(RunRecord record, RunFile run, RunFolder folder)
    {
        var stages = record.Planned.Select(StageSpec.Parser.ParseFrom).ToList();
        var model = HuggingFaceConfig.Parse(stages[0].ModelConfigJson, "the run's model");
        return new PreparedRun(record.Identity, record.Inputs, model, run.TokenizerFolder ?? folder.Tokenizer, stages);
    }
}
