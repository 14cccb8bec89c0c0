using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.ToyWorld;
using MiniMind.Protos;
using MiniMind.Text;
using MiniMind.Text.Configuration;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Everything that happens before the first step: sample data, tokenizer, encoded and packed data, stage specifications.</summary>
internal sealed class Preparation(RunFile run, RunFolder folder, ArtifactStore artifacts, IRunScreen screen, TimeProvider time)
{
    private string? _cache;

    /// <summary>Prepares all stages. Whatever is there already, from an earlier attempt or another run of the same data, is not done again.</summary>
    public async Task<PreparedRun> PrepareAsync(CancellationToken cancellation)
    {
        WriteSample();
        var tokenizer = await Task.Run(() => LoadTokenizer(cancellation), cancellation);
        // A tokenizer stage may stop below the size that it was asked for; a size that the model was given stands.
        var model = run.VocabularyGiven ? run.Model : run.Model with { VocabularySize = tokenizer.VocabularySize };
        model = model with { BeginningOfSequence = tokenizer.BeginningOfSequence, EndOfSequence = tokenizer.EndOfSequence, Padding = tokenizer.Padding };
        screen.Message(
            $"model {model.Name}: {model.ParameterCount:N0} parameters, vocabulary {model.VocabularySize:N0}; "
            + $"{16.0 * model.ParameterCount / (1 << 20):N0} MB per worker for weights, gradient and moments");
        var datasets = new List<(TrainingStage Stage, int Index, IngestedDataset Data)>();
        foreach (var (index, stage) in run.Stages.Index())
            if (stage is TrainingStage training) datasets.Add((training, index, await IngestAsync(training, tokenizer, cancellation)));
        var identity = RunIdentity.Compute(run.CanonicalText, tokenizer.Sha256, datasets.Select(dataset => dataset.Data.Key));
        var files = await AddAsync(tokenizer.Files, cancellation);
        var specs = new List<StageSpec>();
        foreach (var (stage, index, data) in datasets)
        {
            var spec = StageSpecs.Of(run, stage, index, identity, model, data);
            spec.Tokenizer.AddRange(files);
            var shards = await AddShardsAsync(data, () => IngestAsync(stage, tokenizer, cancellation), cancellation);
            spec.TrainingShards.AddRange(shards[..data.Training.Shards.Count]);
            spec.ValidationShards.AddRange(shards[data.Training.Shards.Count..]);
            specs.Add(spec);
        }
        return new PreparedRun(identity, model, Path.GetDirectoryName(tokenizer.Files[0])!, specs);
    }

    private void WriteSample()
    {
        if (run.Sample is not { } sample || (sample.Files.All(File.Exists) && ToyWorldWriter.SeedOf(sample.Out) == sample.Seed)) return;
        screen.Message($"writing the toy world to {sample.Out}");
        ToyWorldWriter.Write(sample.Out, sample.Seed);
    }

    private Tokenizer LoadTokenizer(CancellationToken cancellation)
    {
        if (run.TokenizerFolder is { } given) return Tokenizer.Load(given);
        return new TrainedTokenizer(run.Stages.OfType<TokenizerStage>().Single(), folder.Tokenizer).Load(screen.Message, cancellation);
    }

    private async Task<IngestedDataset> IngestAsync(TrainingStage stage, Tokenizer tokenizer, CancellationToken cancellation)
    {
        var data = await new DatasetIngestion(time).IngestAsync(new DatasetRequest
        {
            Kind = stage.Kind, Sources = stage.Sources, ValidationFiles = stage.Validation.Files, ValidationFraction = stage.Validation.Fraction,
            Tokenizer = tokenizer, CacheFolder = _cache ??= CacheFolder(), BadLines = stage.BadLines,
            Variation = new DialogueVariation { Seed = run.Seed, SystemPrompt = stage.SystemPrompt, DropEmptyThought = stage.DropEmptyThought },
            Packing = new PackingOptions { SequenceLength = stage.SequenceLength, LongDocuments = stage.LongDocuments, Padding = tokenizer.Padding },
        }, new DataProgressMeter(stage.Name, screen, time), cancellation);
        Tell(stage, data);
        return data;
    }

    private void Tell(TrainingStage stage, IngestedDataset data)
    {
        var (totals, lines) = (data.Training.Totals, data.Lines);
        string[] losses =
        [
            totals.Cut > 0 ? $", {totals.Cut:N0} cut by {totals.CutTokens:N0} tokens" : "",
            totals.Dropped > 0 ? $", {totals.Dropped:N0} without targets dropped" : "",
            lines.LeftOut > 0 ? $", {lines.LeftOut:N0} left out by weight" : "",
            lines.Repeated > 0 ? $", {lines.Repeated:N0} taken again by weight" : "",
        ];
        screen.Message(
            $"{stage.Name}: {totals.Documents:N0} documents, {totals.Tokens:N0} tokens in {data.Training.Sequences:N0} sequences of {stage.SequenceLength}, "
            + $"fill {data.Training.Fill:P1}{string.Concat(losses)}");
        if (lines.Bad.Count > 0)
            screen.Message($"{stage.Name}: {lines.Bad.Count:N0} bad lines skipped: {string.Join("; ", lines.Bad.First)}");
    }

    /// <summary>The cache that runs share, if it can be written to; else the run's own.</summary>
    private string CacheFolder()
    {
        if (run.Cache is not { } shared) return folder.Datasets;
        try
        {
            Directory.CreateDirectory(shared);
            CacheFolders.TryLock(shared, "probe")?.Dispose();
            return shared;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            screen.Message($"the cache {shared} cannot be written to ({fault.Message}); encoded data stays in {folder.Datasets}");
            return folder.Datasets;
        }
    }

    /// <summary>
    /// Stores the shards, training before validation. They are hashed on the way: one that is not what was encoded, because the cache's disk or somebody
    /// changed it, would train another model, so its data is encoded again.
    /// </summary>
    private async Task<List<ArtifactRef>> AddShardsAsync(IngestedDataset data, Func<Task<IngestedDataset>> encodeAgain, CancellationToken cancellation)
    {
        var shards = await AddAsync(data.Paths(data.Training).Concat(data.Validation is { } held ? data.Paths(held) : []), cancellation);
        if (Changed(data, shards) is not { } changed) return shards;
        if (!data.FromCache)
            throw new InputException($"{changed}: the file is not what was written a moment ago; see whether the disk is sound, or choose another one with --out DIR");
        screen.Message($"{changed}: the cached data was changed since it was encoded; encoding it again");
        Directory.Delete(data.Folder, recursive: true);
        return await AddShardsAsync(await encodeAgain(), encodeAgain, cancellation);
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
/// <param name="Model">Sizes, with the tokenizer's vocabulary.</param>
/// <param name="Tokenizer">Folder of the tokenizer.</param>
/// <param name="Stages">Training stages in order.</param>
internal sealed record PreparedRun(string Identity, ModelConfig Model, string Tokenizer, IReadOnlyList<StageSpec> Stages);
