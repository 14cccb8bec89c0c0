using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Coordinator.Tokenizers;
using MiniMind.Coordinator.ToyWorld;
using MiniMind.Text;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;
using MiniMind.Text.Tokenization;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>What happens to a run's data before anything is trained: the toy world is written, the tokenizer trained, each stage's files encoded and packed.</summary>
/// <param name="begun">Whether the run has begun, so that its tokenizer stays as it is.</param>
internal sealed class DataPreparation(RunFile run, RunFolder folder, bool begun, IRunScreen screen, TimeProvider time)
{
    private string? _cache;

    /// <summary>Prepares all stages. Whatever is there already, from an earlier attempt or another run of the same data, is not done again.</summary>
    /// <param name="encoded">Called as soon as the data of a stage is there.</param>
    /// <param name="cancellation">Keeps what is encoded.</param>
    public async Task<PreparedData> PrepareAsync(Func<StageData, Tokenizer, Task> encoded, CancellationToken cancellation)
    {
        WriteSample();
        var tokenizer = await Task.Run(() => LoadTokenizer(cancellation), cancellation);
        var stages = new List<StageData>();
        foreach (var (index, stage) in run.Stages.Index())
        {
            if (stage is not TrainingStage training) continue;
            stages.Add(new StageData(training, index, await IngestAsync(training, tokenizer, cancellation)));
            await encoded(stages[^1], tokenizer);
        }
        return new PreparedData(tokenizer, stages);
    }

    /// <summary>Encodes and packs the data of one stage, unless the cache has it.</summary>
    public async Task<IngestedDataset> IngestAsync(TrainingStage stage, Tokenizer tokenizer, CancellationToken cancellation)
    {
        var data = await EncodeAsync(stage, new DatasetRequest
        {
            Kind = stage.Kind, Sources = stage.Sources, ValidationFiles = stage.Validation.Files, ValidationFraction = stage.Validation.Fraction,
            Tokenizer = tokenizer, CacheFolder = _cache ??= CacheFolder(), BadLines = stage.BadLines,
            Variation = new DialogueVariation { Seed = run.Seed, SystemPrompt = stage.SystemPrompt, DropEmptyThought = stage.DropEmptyThought },
            Packing = new PackingOptions { SequenceLength = stage.SequenceLength, LongDocuments = stage.LongDocuments, Padding = tokenizer.Padding },
        }, cancellation);
        foreach (var line in DataSummary.Lines(stage, data)) screen.Message(line);
        return data;
    }

    private async Task<IngestedDataset> EncodeAsync(TrainingStage stage, DatasetRequest request, CancellationToken cancellation)
    {
        try
        {
            return await new DatasetIngestion(time).IngestAsync(request, new DataProgressMeter(stage.Name, screen, time), cancellation);
        }
        catch (InputException fault)
        {
            // The same file may serve several stages, each with its own bad_lines.
            throw new InputException($"{stage.Name}: {fault.Message}", fault);
        }
    }

    private void WriteSample()
    {
        if (run.Sample is not { } sample || ToyWorldWriter.IsWritten(sample.Out, sample.Seed)) return;
        var remedy = "It may be another run's: choose another folder with --set sample.out=DIR or --out DIR, or delete it; or undo sample.seed.";
        var world = ToyWorldWriter.Write(sample.Out, sample.Seed, remedy: remedy);
        screen.Message($"wrote the toy world of seed {sample.Seed} to {sample.Out}: {world.Facts:N0} facts, {world.Questions:N0} held-out questions");
    }

    private Tokenizer LoadTokenizer(CancellationToken cancellation)
    {
        if (run.TokenizerFolder is { } given) return Tokenizer.Load(given);
        return new TrainedTokenizer(run.Stages.OfType<TokenizerStage>().Single(), folder.Tokenizer, begun).Load(screen.Message, cancellation);
    }

    /// <summary>The cache that runs share, if it can be written to; else the run's own.</summary>
    private string CacheFolder()
    {
        if (run.Cache is not { } shared) return folder.Datasets;
        try
        {
            Directory.CreateDirectory(shared);
            using var probe = CacheFolders.TryLock(shared, "probe");
            return shared;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            screen.Message($"the cache {shared} cannot be written to ({fault.Message}); encoded data stays in {folder.Datasets}");
            return folder.Datasets;
        }
    }
}

/// <summary>The data of one stage.</summary>
internal sealed record StageData(TrainingStage Stage, int Index, IngestedDataset Data);

/// <summary>A run's tokenizer, and the data of its training stages in order.</summary>
internal sealed record PreparedData(Tokenizer Tokenizer, IReadOnlyList<StageData> Stages);
