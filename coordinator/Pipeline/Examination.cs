using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Screen;
using MiniMind.Text.Configuration;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Exact match on the held-out questions of a run's eval stages, measured by the worker program on a model folder.</summary>
/// <param name="worker">Runs the worker program with a verb and its arguments; fails when it does.</param>
internal sealed class Examination(RunFile run, RunFolder folder, Func<IReadOnlyList<string>, CancellationToken, Task> worker, IRunScreen screen, StopNotice notice)
{
    private const string Before = "before";
    private const string After = "after";

    private readonly IReadOnlyList<EvalStage> _stages = [.. run.Stages.OfType<EvalStage>()];

    private string Results => Path.Combine(folder.Root, "eval");

    // Written last: what decided the results of before, which a resumed run need not measure again.
    private string OriginFile => Path.Combine(Results, "before.sha256");

    /// <summary>Measures a model before any training: initialised from the seed, as the first stage is. What is known from an earlier start is only read.</summary>
    /// <returns>The score of every eval stage, by its name.</returns>
    public async Task<IReadOnlyDictionary<string, double>> BeforeAsync(PreparedRun prepared, CancellationToken cancellation)
    {
        if (_stages.Count == 0) return new Dictionary<string, double>();
        notice.Doing(StopNotice.AskingBefore);
        var origin = Origin(prepared.Identity);
        if (!IsKnown(origin)) await AskFirstWeightsAsync(prepared, origin, cancellation);
        var scores = new Dictionary<string, double>();
        foreach (var stage in _stages)
        {
            var (score, answers) = await ReadAsync(stage, Before, cancellation);
            screen.Message($"{stage.Name}: exact match before training {Figures.Percent(score)} % of {answers.Count:N0} questions");
            scores[stage.Name] = score;
        }
        return scores;
    }

    /// <summary>Measures the model that the stages before an eval stage have made, and takes a few answers as samples.</summary>
    public async Task<(double Score, IReadOnlyList<SampleAnswer> Samples)> AfterAsync(EvalStage stage, string model, CancellationToken cancellation)
    {
        notice.Doing(StopNotice.AskingAfter);
        await AskAsync(stage, model, After, cancellation);
        var (score, answers) = await ReadAsync(stage, After, cancellation);
        return (score, [.. Spread(answers, stage.Samples)]);
    }

    private async Task AskFirstWeightsAsync(PreparedRun prepared, string origin, CancellationToken cancellation)
    {
        screen.Message($"asking the questions before any training: {string.Join(", ", _stages.SelectMany(stage => stage.Data).Distinct())}");
        var model = Path.Combine(Results, "initial-model");
        Directory.CreateDirectory(Results);
        File.Delete(OriginFile);
        var config = Path.Combine(Results, "initial-config.json");
        await File.WriteAllTextAsync(config, HuggingFaceConfig.Serialize(prepared.Model), cancellation);
        await worker(["init", "--config", config, "--tokenizer", prepared.Tokenizer, "--seed", run.Seed.ToString(CultureInfo.InvariantCulture), "--out", model], cancellation);
        foreach (var stage in _stages) await AskAsync(stage, model, Before, cancellation);
        Directory.Delete(model, recursive: true);
        await File.WriteAllTextAsync(OriginFile, origin, cancellation);
    }

    private async Task AskAsync(EvalStage stage, string model, string when, CancellationToken cancellation)
    {
        foreach (var (questions, result) in stage.Data.Zip(ResultsOf(stage, when)))
        {
            await worker(
                [
                    "eval", "--model", model, "--questions", questions, "--out", result, "--device", run.Device,
                    "--max-new-tokens", stage.MaxNewTokens.ToString(CultureInfo.InvariantCulture),
                ], cancellation);
        }
    }

    private async Task<(double Score, IReadOnlyList<SampleAnswer> Answers)> ReadAsync(EvalStage stage, string when, CancellationToken cancellation)
    {
        var scores = new List<double>();
        var answers = new List<SampleAnswer>();
        foreach (var result in ResultsOf(stage, when))
        {
            using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(result, cancellation));
            scores.Add(json.RootElement.GetProperty("exact_match").GetDouble());
            answers.AddRange(json.RootElement.GetProperty("answers").EnumerateArray().Select(Sample));
        }
        return (scores.Average(), answers);
    }

    /// <summary>Where the answers to each of a stage's files go.</summary>
    private IEnumerable<string> ResultsOf(EvalStage stage, string when)
    {
        var name = _stages.Count > 1 ? $"{stage.Name}-{when}.json" : $"{when}.json";
        return stage.Data.Select((_, index) => Path.Combine(Results, stage.Data.Count == 1 ? name : $"{index}-{name}"));
    }

    private bool IsKnown(string origin) =>
        File.Exists(OriginFile) && File.ReadAllText(OriginFile) == origin && _stages.SelectMany(stage => ResultsOf(stage, Before)).All(File.Exists);

    /// <summary>Hash of all that decides the answers: the run, which decides the first weights, and the questions.</summary>
    private string Origin(string identity)
    {
        var parts = new StringBuilder(identity);
        foreach (var stage in _stages)
        {
            parts.Append(CultureInfo.InvariantCulture, $"\n{stage.Name} {stage.MaxNewTokens}");
            foreach (var questions in stage.Data) parts.Append(' ').Append(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(questions))));
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts.ToString())));
    }

    /// <summary>Answers from all over the file, because its neighbours are alike.</summary>
    private static IEnumerable<SampleAnswer> Spread(IReadOnlyList<SampleAnswer> answers, int count) =>
        Enumerable.Range(0, Math.Min(count, answers.Count)).Select(i => answers[(int)((long)answers.Count * (2 * i + 1) / (2 * count))]);

    private static SampleAnswer Sample(JsonElement answer) => new(
        answer.GetProperty("question").GetString()!, answer.GetProperty("answer").GetString()!, answer.GetProperty("expected").GetString()!);
}
