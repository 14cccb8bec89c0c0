using MiniMind.Text;
using MiniMind.Worker.Evaluation;
using MiniMind.Worker.Tests.Artifacts;

namespace MiniMind.Worker.Tests.Evaluation;

public sealed class QuestionTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Write(params string[] lines)
    {
        var path = _folder.File("questions.jsonl");
        File.WriteAllLines(path, lines);
        return path;
    }

    [Fact]
    public void Read_gives_questions_with_their_kinds_and_accepted_answers()
    {
        var questions = Question.Read(Write(
            """{"question": "首都?", "answer": "北京", "kind": "capital", "accept": ["北京市"]}""", "", """{"question": "1+1?", "answer": "2"}"""));
        Assert.Equal(["首都?", "1+1?"], questions.Select(question => question.Text));
        Assert.Equal(("capital", ""), (questions[0].Kind, questions[1].Kind));
        Assert.Equal(["北京市"], questions[0].Accept);
    }

    [Theory]
    [InlineData("北京", true)]
    [InlineData(" 北京市\n", true)]
    [InlineData("北京。", false)]
    [InlineData("上海", false)]
    [InlineData("", false)]
    public void IsAnswered_wants_the_exact_answer_apart_from_white_space(string answer, bool expected) =>
        Assert.Equal(expected, new Question("首都?", "北京", "", ["北京市"]).IsAnswered(answer));

    [Theory]
    [InlineData("""{"question": "q"}""", "\"answer\"")]
    [InlineData("""{"answer": "a"}""", "\"question\"")]
    [InlineData("""{"question": 1, "answer": "a"}""", "\"question\"")]
    [InlineData("""{"question": "q", "answer": """, "broken JSON")]
    [InlineData("""["question"]""", "JSON object")]
    [InlineData("""{"question": "q", "answer": "a", "accept": "b"}""", "a list of texts in \"accept\", found String")]
    [InlineData("""{"question": "q", "answer": "a", "accept": ["b", null]}""", "a text in \"accept[1]\", found Null")]
    [InlineData("""{"question": "q", "answer": "a", "kind": 3}""", "a text in \"kind\", found Number")]
    [InlineData("""{"question": "\ud800", "answer": "a"}""", "half of a surrogate pair")]
    public void A_line_that_is_no_question_is_named_by_file_and_line(string line, string expected)
    {
        var path = Write("""{"question": "q", "answer": "a"}""", "", line);
        var fault = Assert.Throws<InputException>(() => Question.Read(path));
        Assert.StartsWith($"{path}:3: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_questions_or_no_file_is_refused()
    {
        Assert.Contains("empty", Assert.Throws<InputException>(() => Question.Read(Write())).Message, StringComparison.Ordinal);
        Assert.Contains("expected a data file that can be read", Assert.Throws<InputException>(() => Question.Read(_folder.File("absent"))).Message, StringComparison.Ordinal);
    }
}
