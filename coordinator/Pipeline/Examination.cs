using System.Globalization;
using System.Text.Json;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Text.Configuration;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Exact match on the held-out questions of a run's eval stages, measured by the worker program on a model folder.</summary>
internal sealed class Examination(RunFile run, RunFolder folder, WorkerTool worker)
{
    private readonly IReadOnlyList<EvalStage> _stages = [.. run.Stages.OfType<EvalStage>()];

    private string Results => Path.Combine(folder.Root, "eval");

    /// <summary>Measures a model before any training: initialised from the seed, as the first stage is.</summary>
    /// <returns>The score of every eval stage, by its name.</returns>
    public async Task<IReadOnlyDictionary<string, double>> BeforeAsync(PreparedRun prepared, CancellationToken cancellation)
    {
        var scores = new Dictionary<string, double>();
        if (_stages.Count == 0) return scores;
        var model = Path.Combine(Results, "initial-model");
        Directory.CreateDirectory(Results);
        var config = Path.Combine(Results, "initial-config.json");
        await File.WriteAllTextAsync(config, HuggingFaceConfig.Serialize(prepared.Model), cancellation);
        await worker.RunAsync(["init", "--config", config, "--tokenizer", prepared.Tokenizer, "--seed", run.Seed.ToString(CultureInfo.InvariantCulture), "--out", model], cancellation);
        foreach (var stage in _stages) (scores[stage.Name], _) = await MeasureAsync(stage, model, "before.json", cancellation);
        Directory.Delete(model, recursive: true);
        return scores;
    }

    /// <summary>Measures the model that the stages before an eval stage have made, and takes a few answers as samples.</summary>
    public Task<(double Score, IReadOnlyList<SampleAnswer> Samples)> AfterAsync(EvalStage stage, string model, CancellationToken cancellation) =>
        MeasureAsync(stage, model, "after.json", cancellation);

    private async Task<(double Score, IReadOnlyList<SampleAnswer> Samples)> MeasureAsync(
        EvalStage stage, string model, string name, CancellationToken cancellation)
    {
        var scores = new List<double>();
        var samples = new List<SampleAnswer>();
        if (_stages.Count > 1) name = $"{stage.Name}-{name}";
        foreach (var (index, questions) in stage.Data.Index())
        {
            var result = Path.Combine(Results, stage.Data.Count == 1 ? name : $"{index}-{name}");
            await worker.RunAsync(
                [
                    "eval", "--model", model, "--questions", questions, "--out", result, "--device", run.Device,
                    "--max-new-tokens", stage.MaxNewTokens.ToString(CultureInfo.InvariantCulture),
                ], cancellation);
            using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(result, cancellation));
            scores.Add(json.RootElement.GetProperty("exact_match").GetDouble());
            samples.AddRange(Spread([.. json.RootElement.GetProperty("answers").EnumerateArray().Select(Sample)], stage.Samples));
        }
        return (scores.Average(), [.. samples.Take(stage.Samples)]);
    }

    /// <summary>Answers from all over the file, because its neighbours are alike.</summary>
    private static IEnumerable<SampleAnswer> Spread(IReadOnlyList<SampleAnswer> answers, int count) =>
        Enumerable.Range(0, Math.Min(count, answers.Count)).Select(i => answers[(int)((long)answers.Count * (2 * i + 1) / (2 * count))]);

    private static SampleAnswer Sample(JsonElement answer) => new(
        answer.GetProperty("question").GetString()!, answer.GetProperty("answer").GetString()!, answer.GetProperty("expected").GetString()!);
}
