using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Doctor;
using MiniMind.Coordinator.Tests.Ingestion;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Doctor;

public sealed class ContaminationTests : IDisposable
{
    private readonly IngestionFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static async Task<ContaminationReport> CompareAsync(string data, string against) =>
        (await new DataCheck(new CheckOptions { Files = [data], Samples = 0, Against = against }).RunAsync(null, default)).Report.Contamination!;

    private static string Dialogue(string question, string answer) =>
        $$"""{"conversations": [{"role": "user", "content": "{{question}}"}, {"role": "assistant", "content": "{{answer}}"}]}""";

    [Fact]
    public async Task Lines_and_items_are_counted_that_share_thirteen_words_or_the_whole_of_fewer()
    {
        string Words(int first, int count) => string.Join(' ', Enumerable.Range(first, count).Select(number => $"Word{number},"));
        string evaluation = _fixture.Write("eval.jsonl", $"{{\"question\": \"{Words(0, 20)}\"}}", $"{{\"question\": \"{Words(100, 9)}\"}}", "{\"question\": \"too short\"}", "{\"question\": \"中国的首都是北京，它有三千多年的历史。\"}");
        string path = _fixture.WriteTexts("a.jsonl", ["x " + Words(3, 13).ToLowerInvariant() + " y", Words(3, 12), Words(100, 9), Words(100, 8), "中国的首都是北京；它有三千多年的历史！", Words(500, 30)]);
        var shared = await CompareAsync(path, evaluation);
        Assert.Equal((3, 1, 3, 3L), (shared.Items, shared.TooShort, shared.ItemsTouched, shared.Lines));
        Assert.Equal(["a.jsonl:1", "a.jsonl:3", "a.jsonl:5"], shared.First);
    }

    /// <summary>The kind of a question and its other right answers are not trained on, so they are not looked for.</summary>
    [Fact]
    public async Task Short_questions_with_their_answers_are_found_word_for_word()
    {
        string[] questions = [.. Enumerable.Range(0, 20).Select(year => $"When was lighthouse {year} built?")];
        string evaluation = _fixture.Write("q.jsonl", [.. questions.Select((question, year) =>
            $$"""{"question": "{{question}}", "answer": "In {{1871 + year}}.", "kind": "years", "accept": ["{{1871 + year}}", "It was built in {{1871 + year}}."]}""")]);
        string path = _fixture.Write("sft.jsonl", [.. questions.Select((question, year) => Dialogue(question, $"In {1871 + year}."))]);
        var shared = await CompareAsync(path, evaluation);
        Assert.Equal((20, 0, 20, 20L), (shared.Items, shared.TooShort, shared.ItemsTouched, shared.Lines));
        var other = await CompareAsync(_fixture.Write("other.jsonl", [.. questions.Select(question => Dialogue(question, "Nobody knows."))]), evaluation);
        Assert.Equal((0, 0L), (other.ItemsTouched, other.Lines));
    }

    [Fact]
    public async Task Items_that_are_all_too_short_are_counted_and_lose_no_report()
    {
        var shared = await CompareAsync(_fixture.Write("sft.jsonl", Dialogue("2+2?", "4")), _fixture.Write("q.jsonl", "{\"question\": \"Why?\", \"answer\": \"So\"}", "{\"question\": \"…\", \"answer\": \"!\"}"));
        Assert.Equal((0, 2, 0, 0L), (shared.Items, shared.TooShort, shared.ItemsTouched, shared.Lines));
    }

    [Fact]
    public async Task A_file_of_blank_lines_is_no_evaluation()
    {
        string blank = _fixture.Write("blank.jsonl", "", " ");
        Assert.Contains("blank.jsonl: expected items", (await Assert.ThrowsAsync<InputException>(() => CompareAsync(_fixture.Write("sft.jsonl", Dialogue("a", "b")), blank))).Message);
    }
}
