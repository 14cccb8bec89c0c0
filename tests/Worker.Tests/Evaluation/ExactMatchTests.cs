using System.Text.Json;
using MiniMind.Text;
using MiniMind.Worker.Evaluation;
using MiniMind.Worker.Tests.Artifacts;
using MiniMind.Worker.Tests.Chat;

namespace MiniMind.Worker.Tests.Evaluation;

public sealed class ExactMatchTests
{
    private static readonly ExactMatch Three = new(
    [
        (new Question("a?", "1", "sum", []), "1"), (new Question("b?", "2", "sum", []), "3"), (new Question("c?", "北京", "capital", []), " 北京"),
    ]);

    [Fact]
    public void Score_is_the_part_of_exact_answers() => Assert.Equal(2.0 / 3, Three.Score);

    [Fact]
    public void Summary_has_a_line_per_kind_and_one_for_all()
    {
        using var output = new StringWriter();
        Three.WriteSummary(output);
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["capital", "sum", "all"], lines.Select(line => line.Split(' ')[0]));
        Assert.EndsWith("of 2", lines[1].TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_holds_every_answer()
    {
        using var folder = new TempFolder();
        Three.WriteJson(folder.File("result.json"));
        var text = File.ReadAllText(folder.File("result.json"));
        using var json = JsonDocument.Parse(text);
        Assert.Equal(2.0 / 3, json.RootElement.GetProperty("exact_match").GetDouble());
        Assert.Equal([true, false, true], json.RootElement.GetProperty("answers").EnumerateArray().Select(answer => answer.GetProperty("correct").GetBoolean()));
        Assert.Contains("北京", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Measure_a_question_longer_than_the_model_is_named_by_file_and_line()
    {
        using var model = new SmallModel(maxPositions: 64);
        using var folder = new TempFolder();
        var path = folder.File("questions.jsonl");
        File.WriteAllLines(path, ["""{"question": "one?", "answer": "x"}""", "", $$"""{"question": "{{string.Concat(Enumerable.Repeat("why ", 40))}}", "answer": "y"}"""]);

        var fault = Assert.Throws<InputException>(() => ExactMatch.Measure(model.Loaded, Question.Read(path), maxNewTokens: 5, default));

        Assert.StartsWith($"{path}:3: expected a question of fewer than 64 tokens", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Measure_asks_every_question_in_order_and_the_same_way_each_time()
    {
        using var model = new SmallModel();
        Question[] questions = [new("one?", "x", "", []), new("a longer question than the first one?", "y", "", []), new("three?", "z", "", [])];
        var first = ExactMatch.Measure(model.Loaded, questions, maxNewTokens: 5, default);
        Assert.Equal(questions, first.Answers.Select(entry => entry.Question));
        Assert.Equal(first.Answers, ExactMatch.Measure(model.Loaded, questions, maxNewTokens: 5, default).Answers);
    }
}
