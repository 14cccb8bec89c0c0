using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Doctor;
using MiniMind.Coordinator.Tests.Ingestion;
using MiniMind.Text;
using MiniMind.Text.Datasets;
using Spectre.Console;

namespace MiniMind.Coordinator.Tests.Doctor;

public sealed class DataCheckTests : IDisposable
{
    private readonly IngestionFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static async Task<CheckReport> CheckAsync(CheckOptions options) => (await new DataCheck(options).RunAsync(null, default)).Report;

    private static CheckOptions Options(params string[] files) => new() { Files = files, Samples = 0 };

    private static string Dialogue(params string[] turns) =>
        $"{{\"conversations\": [{string.Join(", ", turns.Select(turn => turn.Split(':', 2)).Select(turn => $"{{\"role\": \"{turn[0]}\", \"content\": \"{turn[1]}\"}}"))}]}}";

    private static long Of(CheckReport report, Oddity oddity) =>
        report.Oddities.SingleOrDefault(entry => entry.What == Oddities.All.Single(known => known.Oddity == oddity).Words)?.Lines ?? 0;

    [Fact]
    public async Task Bad_lines_are_counted_with_place_and_reason_and_stop_training()
    {
        string path = _fixture.Write("a.jsonl", "{\"text\": \"dog\"}", "{", "", "{\"text\": 7}", "{\"text\": \"fox\"}");
        var report = await CheckAsync(Options(path));
        Assert.Equal(("pretrain", true, 4L, 2L, false), (report.Stage, report.StageGuessed, report.Lines, report.BadLines, report.Sound));
        Assert.StartsWith("a.jsonl:2: broken JSON", report.FirstBad[0], StringComparison.Ordinal);
        Assert.Equal("a.jsonl:4: the field \"text\" must be a string", report.FirstBad[1]);
        Assert.Contains("2 bad lines", report.Verdict, StringComparison.Ordinal);
        Assert.Contains("--fix", report.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exact_duplicates_are_those_with_the_same_bytes_across_files()
    {
        string[] lines = [.. Enumerable.Range(0, 50).Select(number => $"{{\"text\": \"dog {number % 20}\"}}")];
        var report = await CheckAsync(Options(_fixture.Write("a.jsonl", lines), _fixture.Write("b.jsonl", lines[0], "{\"text\":\"dog 0\"}")));
        Assert.Equal((52L, 31L), (report.Lines, report.ExactDuplicates));
    }

    [Fact]
    public async Task Near_duplicates_are_found_and_different_texts_are_not()
    {
        var random = new Random(5);
        string Text() => string.Join(' ', Enumerable.Range(0, 80).Select(_ => $"w{random.Next(5000)}"));
        string[] texts = [.. Enumerable.Range(0, 300).Select(_ => Text())];
        // A word changed at the end, other punctuation, another case.
        string[] copies = [.. texts.Take(50).Select((text, index) => index % 2 == 0 ? text + "!!" : text.ToUpperInvariant() + " end")];
        string path = _fixture.WriteTexts("a.jsonl", texts.Concat(copies));
        var report = await CheckAsync(Options(path));
        Assert.Equal((0L, 350L), (report.ExactDuplicates, report.Lines));
        Assert.Equal(50, report.NearDuplicates);
        Assert.Equal("a.jsonl:301 is like a.jsonl:1", report.FirstNear[0]);
    }

    [Fact]
    public void Similarity_is_the_part_of_shingles_that_both_texts_have()
    {
        var random = new Random(2);
        for (int round = 0; round < 50; round++)
        {
            string[] texts = [.. Enumerable.Range(0, 2).Select(_ => string.Concat(Enumerable.Range(0, random.Next(30, 400)).Select(_ => (char)('a' + random.Next(2)))))];
            var sets = texts.Select(text => Enumerable.Range(0, text.Length - 7).Select(at => text.Substring(at, 8)).ToHashSet()).ToList();
            double expected = (double)sets[0].Intersect(sets[1]).Count() / sets[0].Union(sets[1]).Count();
            Assert.Equal(expected, Shingles.Of(texts[0])!.Similarity(Shingles.Of(texts[1])!), 12);
            Assert.Equal(1, Shingles.Of(texts[0])!.Similarity(Shingles.Of(texts[0].ToUpperInvariant() + "!")!));
        }
    }

    [Fact]
    public async Task Dialogues_are_held_to_their_order_and_answers_to_having_any()
    {
        string path = _fixture.Write(
            "sft.jsonl",
            Dialogue("system:s", "user:u", "assistant:a", "user:u", "assistant:b"), // as it should be
            Dialogue("user:u", "user:v", "assistant:a"), // order
            Dialogue("user:u", "assistant:a", "user:v"), // order: the user has the last word
            Dialogue("user:u", "assistant: "), // only empty answers
            Dialogue("user:u", "assistant:", "user:v", "assistant:w"), // an empty answer
            Dialogue("system:s", "user:u"), // no answer, order
            "{\"conversations\": [{\"role\": \"user\", \"content\": \"u\"}, {\"role\": \"assistant\", \"content\": \"\", \"tool_calls\": \"[{\\\"name\\\": \\\"f\\\", \\\"arguments\\\": {}}]\"}, {\"role\": \"tool\", \"content\": \"t\"}, {\"role\": \"assistant\", \"content\": \"a\"}]}",
            Dialogue("user:u", "tool:t", "assistant:a")); // order: nobody called
        var report = await CheckAsync(Options(path));
        Assert.Equal(("sft", 8L, 0L, true), (report.Stage, report.Lines, report.BadLines, report.Sound));
        Assert.Equal((4L, 2L, 1L, 1L), (Of(report, Oddity.RoleOrder), Of(report, Oddity.EmptyAnswer), Of(report, Oddity.OnlyEmptyAnswers), Of(report, Oddity.NoAnswer)));
    }

    private static string Pair(string prompt, string chosen, string other, string rejected) =>
        $"{{\"chosen\": {Dialogue($"user:{prompt}", $"assistant:{chosen}")[18..^1]}, \"rejected\": {Dialogue($"user:{other}", $"assistant:{rejected}")[18..^1]}}}";

    [Theory]
    [InlineData("dpo", "the data is sound, but no run can train on it: there is no dpo stage yet")]
    [InlineData("sft", "training can start")]
    [InlineData("pretrain", "training can start")]
    public async Task Training_can_start_only_where_there_is_a_stage_for_it(string stage, string verdict)
    {
        string line = stage switch { "dpo" => Pair("p", "a", "p", "b"), "sft" => Dialogue("user:u", "assistant:a"), _ => "{\"text\": \"dog\"}" };
        var report = await CheckAsync(Options(_fixture.Write("a.jsonl", line)) with { Stage = stage });
        Assert.Equal((true, verdict), (report.Sound, report.Verdict));
        var doubtful = await CheckAsync(Options(_fixture.Write("b.jsonl", line, line)) with { Stage = stage });
        Assert.Equal((true, verdict + "; 1 thing to look at above"), (doubtful.Sound, doubtful.Verdict));
    }

    [Fact]
    public async Task Pairs_with_equal_sides_or_other_prompts_are_counted()
    {
        string path = _fixture.Write("dpo.jsonl", Pair("p", "a", "p", "b"), Pair("p", "a", "p", "a"), Pair("p", "a", "q", "b"), Pair("p", "", "p", "b"));
        var report = await CheckAsync(Options(path));
        Assert.Equal(("dpo", 0L), (report.Stage, report.BadLines));
        Assert.Equal((1L, 1L, 1L), (Of(report, Oddity.EqualSides), Of(report, Oddity.DifferentPrompts), Of(report, Oddity.EmptyAnswer)));
    }

    [Fact]
    public async Task Characters_are_counted_by_kind()
    {
        var report = await CheckAsync(Options(_fixture.WriteTexts("a.jsonl", ["ab c, 你好。12 П\uFFFD", "é\u0001Ã©"])));
        Assert.Equal(new TextScript(Chinese: 3, Latin: 5, OtherLetters: 1, Digits: 2, Signs: 4), report.Characters);
        Assert.Equal((1L, 1L, 1L), (Of(report, Oddity.ReplacementCharacter), Of(report, Oddity.ControlCharacter), Of(report, Oddity.WrongEncoding)));
    }

    [Fact]
    public async Task Lengths_cuts_padding_and_packing_are_those_of_the_documents()
    {
        string[] texts = [.. Enumerable.Range(0, 200).Select(number => string.Join(' ', Enumerable.Repeat("dog", number % 60)))];
        string path = _fixture.WriteTexts("a.jsonl", texts);
        const int Length = 64;
        var report = await CheckAsync(Options(path) with { Tokenizer = Path.GetDirectoryName(_fixture.Tokenizer.Files[0]), SequenceLength = Length });
        int[] lengths = [.. texts.Select(text => _fixture.Tokenizer.Encode(text).Length + 2).Order()];
        var found = report.Lengths!;
        Assert.Equal((200L, lengths.Sum(), lengths.Sum() - 200L), (found.Documents, found.Tokens, found.Targets));
        Assert.Equal((lengths[0], lengths[99], lengths[179], lengths[^1]), (found.Least, found.Median, found.Quantile90, found.Most));
        Assert.Equal((lengths.Count(length => length > Length), lengths.Sum(length => Math.Max(0, length - Length))), (found.TooLong, found.TokensCut));
        Assert.Equal(1 - lengths.Sum(length => Math.Min(length - 1, length > Length ? Length - 1 : length)) / (200.0 * Length), found.PaddingShare, 12);
        Assert.InRange(found.PackedFill, 0.97, 1);
        Assert.Equal((lengths.Sum() - 200) / (found.PackedSequences * (double)Length), found.PackedFill, 12);
        Assert.Equal(lengths.CountBy(length => length).Select(pair => new LengthCount(pair.Key, pair.Value)), found.Histogram);
    }

    /// <summary>With or without a tokenizer the same lines are bad, and fields that training does not read do not matter.</summary>
    [Fact]
    public async Task Bad_lines_are_the_same_with_and_without_a_tokenizer()
    {
        string good = Dialogue("user:u", "assistant:a");
        string path = _fixture.Write("sft.jsonl", good, good[..^1] + ", \"text\": \"\\ud800\"}", good.Replace("\"user\",", "\"user\", \"tools\": [\"\\ud800\"],", StringComparison.Ordinal));
        var plain = await CheckAsync(Options(path));
        var measured = await CheckAsync(Options(path) with { Tokenizer = Path.GetDirectoryName(_fixture.Tokenizer.Files[0]) });
        Assert.Equal((1L, 1L), (plain.BadLines, measured.BadLines));
        Assert.StartsWith("sft.jsonl:3: a string is not valid Unicode", plain.FirstBad.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_of_which_nothing_would_be_learned_cannot_be_trained_on()
    {
        string path = _fixture.Write("sft.jsonl", Dialogue("user:" + string.Concat(Enumerable.Repeat("dog ", 100)), "assistant:a"));
        Assert.False((await CheckAsync(Options(path) with { Tokenizer = Path.GetDirectoryName(_fixture.Tokenizer.Files[0]), SequenceLength = 64 })).Sound);
        Assert.False((await CheckAsync(Options(_fixture.Write("mute.jsonl", Dialogue("user:u"))))).Sound);
    }

    [Theory]
    [InlineData("don\u00e2\u20ac\u2122t", true)] // "don't", by way of Windows-1252
    [InlineData("caf\u00c3\u00a9", true)]
    [InlineData("\u00c2\u00a0", true)]
    [InlineData("caf\u00e9 \u00e2ge \u00c3", false)]
    [InlineData("\u4f60\u597d \u201cquoted\u201d", false)]
    public void Wrongly_decoded_text_is_told_from_accents(string text, bool wrong) => Assert.Equal(wrong, (Oddities.Of(text) & Oddity.WrongEncoding) != 0);

    [Theory]
    [InlineData("clean.jsonl")]
    [InlineData("clean.jsonl.gz")]
    [InlineData("clean.jsonl.zst")]
    public async Task Fix_writes_what_is_worth_keeping_in_order(string name)
    {
        string path = _fixture.Write("sft.jsonl", Dialogue("user:u", "assistant:a"), "{", Dialogue("user:u", "assistant:a"), Dialogue("user:v", "assistant:"), Dialogue("user:u", "user:v", "assistant:b"), Dialogue("user:c"));
        string clean = Path.Combine(Path.GetDirectoryName(path)!, name);
        var report = await CheckAsync(Options(path) with { Fix = clean });
        Assert.Equal((2, false, true), (report.Written, report.Sound, report.CleanSound));
        Assert.Equal($"1 line is bad and left out: training can start with {clean}", report.Verdict);
        string[] lines = [.. JsonLines.Read(clean).Select(line => line.Value.GetRawText())];
        Assert.Equal([Dialogue("user:u", "assistant:a"), Dialogue("user:u", "user:v", "assistant:b")], lines);
        report = await CheckAsync(Options(clean));
        Assert.Equal((true, null), (report.Sound, report.CleanSound));
        Assert.Equal(3, (await CheckAsync(Options(path) with { Fix = clean, Force = true, KeepDuplicates = true })).Written);
    }

    [Theory]
    [InlineData(0, "{\"text\": \"dog\"}", "{")]
    [InlineData(0, "{\"text\": \"dog\"}")]
    [InlineData(2, "{")]
    [InlineData(2, "{\"text\": \" \"}")]
    [InlineData(2, "{\"conversations\": [{\"role\": \"user\", \"content\": \"u\"}]}")]
    public async Task With_fix_the_exit_code_is_that_of_the_clean_file(int code, params string[] lines)
    {
        string path = _fixture.Write("a.jsonl", lines);
        var options = Options(path) with { Fix = path + ".clean", Stage = lines[0].Contains("text", StringComparison.Ordinal) ? "pretrain" : "sft" };
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        Assert.Equal(code, await new CheckCommand(console).RunAsync(options, default));
        Assert.Equal(code == 0, output.ToString().Contains("training can start", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_many_bad_lines_the_first_are_shown_and_the_others_counted()
    {
        string path = _fixture.Write("a.jsonl", ["{\"text\": \"dog\"}", .. Enumerable.Repeat("{", 7)]);
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        Assert.Equal(2, await new CheckCommand(console).RunAsync(Options(path), default));
        Assert.Contains("a.jsonl:6: broken JSON", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("and 2 more", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fix_never_touches_an_input_nor_a_file_that_is_there_and_leaves_nothing_half_written()
    {
        string path = _fixture.WriteTexts("a.jsonl", ["dog"]);
        Assert.Contains("another file", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(path) with { Fix = path, Force = true }))).Message);
        Assert.Contains("text file", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(path) with { Fix = path + ".txt" }))).Message);
        string there = _fixture.WriteTexts("b.jsonl", ["fox"]);
        Assert.Contains("--force", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(path) with { Fix = there }))).Message);
        Assert.Contains("--force", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(path) with { Json = there }))).Message);
        Assert.Contains("found one twice", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(path) with { Json = there, Plot = there, Force = true }))).Message);
        Assert.Contains("another file", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(path) with { Against = there, Json = there, Force = true }))).Message);
        string packed = IngestionFixture.Compress(_fixture.WriteTexts("c.jsonl", Enumerable.Range(0, 5000).Select(number => $"dog {number * 7919}")), ".gz");
        using (var file = new FileStream(packed, FileMode.Open)) file.SetLength(file.Length / 2);
        await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(packed) with { Fix = there + ".new" }));
        Assert.DoesNotContain(Directory.GetFiles(Path.GetDirectoryName(path)!), file => file.StartsWith(there + ".", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Samples_and_report_do_not_depend_on_threads()
    {
        string path = _fixture.WriteTexts("a.jsonl", Enumerable.Range(0, 3000).Select(number => $"the dog {number} {number * number}"));
        var options = Options(path) with { Tokenizer = Path.GetDirectoryName(_fixture.Tokenizer.Files[0]), Samples = 4 };
        var one = await new DataCheck(options with { Threads = 1 }).RunAsync(null, default);
        var many = await new DataCheck(options with { Threads = 4 }).RunAsync(null, default);
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(one.Report), System.Text.Json.JsonSerializer.Serialize(many.Report));
        Assert.Equal(4, one.Samples.Count);
        Assert.Equal(one.Samples.Select(sample => sample.Place), many.Samples.Select(sample => sample.Place));
        Assert.NotEqual(one.Samples.Select(sample => sample.Place), (await new DataCheck(options with { Seed = 7 }).RunAsync(null, default)).Samples.Select(sample => sample.Place));
    }

    [Fact]
    public async Task A_file_that_shows_no_kind_or_holds_nothing_is_refused()
    {
        Assert.Contains("--stage", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(_fixture.Write("a.jsonl", "{\"x\": 1}"))))).Message);
        Assert.Contains("blank lines only", (await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(_fixture.Write("b.jsonl", "", " ")) with { Stage = "sft" }))).Message);
        var kinds = await Assert.ThrowsAsync<InputException>(() => CheckAsync(Options(_fixture.Write("p.jsonl", "{\"text\": \"dog\"}"), _fixture.Write("s.jsonl", Dialogue("user:u", "assistant:a")))));
        Assert.Matches("^expected files of one kind, found pretrain \\(.*p.jsonl\\) and sft \\(.*s.jsonl\\): check each kind by itself", kinds.Message);
        Assert.Contains("looks like pretrain data (text), not like sft data (conversations): name it in a stage of the kind pretrain", (await CheckAsync(Options(_fixture.Write("p.jsonl", "{\"text\": \"dog\"}")) with { Stage = "sft" })).Verdict);
        var report = await CheckAsync(Options(_fixture.Write("c.jsonl", "{\"x\": 1}")) with { Stage = "sft" });
        Assert.Equal((false, "training cannot start: none of the 1 lines can be used"), (report.Sound, report.Verdict));
    }
}
