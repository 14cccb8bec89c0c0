using System.Text.Encodings.Web;
using System.Text.Json;
using MiniMind.Text;
using MiniMind.Text.Chat;
using MiniMind.Transformer.Generation;
using MiniMind.Worker.Chat;

namespace MiniMind.Worker.Evaluation;

/// <summary>Asks a model questions, greedily, and counts the exact answers.</summary>
internal sealed record ExactMatch(IReadOnlyList<(Question Question, string Answer)> Answers)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Part of the questions answered exactly, 0..1.</summary>
    public double Score => (double)Answers.Count(entry => entry.Question.IsAnswered(entry.Answer)) / Answers.Count;

    /// <summary>Asks all questions, many side by side; the answers keep their order.</summary>
    /// <exception cref="InputException">A question leaves no position for an answer; file and line are named, and nothing was computed.</exception>
    public static ExactMatch Measure(LoadedModel model, IReadOnlyList<Question> questions, int maxNewTokens, CancellationToken cancellation)
    {
        var sampling = SamplingOptions.Greedy(maxNewTokens, model.Tokenizer.EndOfSequence, model.Tokenizer.Padding);
        var prompts = questions.Select(question => model.Prompt([new ChatMessage("user", question.Text)])).ToList();
        for (var i = 0; i < prompts.Count; i++)
        {
            if (prompts[i].Length >= model.MaxPositions)
                throw new InputException($"{questions[i].Place}: expected a question of fewer than {model.MaxPositions} tokens with its chat markers (the model's positions), found {prompts[i].Length}");
        }

        var answers = model.Generator.GenerateBatch(prompts, sampling, cancellation);
        return new ExactMatch([.. questions.Zip(answers, (question, ids) => (question, model.Tokenizer.Decode(ids)))]);
    }

    /// <summary>One line per kind of question, and one for all.</summary>
    public void WriteSummary(TextWriter output)
    {
        foreach (var kind in Answers.GroupBy(entry => entry.Question.Kind).OrderBy(group => group.Key, StringComparer.Ordinal))
            output.WriteLine($"{kind.Key,-24} {new ExactMatch([.. kind]).Score,7:P1} of {kind.Count()}");
        output.WriteLine($"{"all",-24} {Score,7:P1} of {Answers.Count}");
    }

    /// <summary>All answers as JSON: {"exact_match", "answers": [{question, answer, expected, kind, correct}]}.</summary>
    /// <param name="path">A file; folders above it that are missing are made.</param>
    public void WriteJson(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            exact_match = Score,
            answers = Answers.Select(entry => new
            {
                question = entry.Question.Text, answer = entry.Answer, expected = entry.Question.Answer, kind = entry.Question.Kind,
                correct = entry.Question.IsAnswered(entry.Answer),
            }),
        }, Json) + "\n");
    }
}
