using System.Globalization;
using System.Text.RegularExpressions;

namespace MiniMind.Coordinator.Tests.ToyWorld;

/// <summary>What makes the held-out questions an honest measure.</summary>
public sealed partial class ToyWorldQuestionsTests(GeneratedWorld world) : IClassFixture<GeneratedWorld>
{
    [Fact]
    public void Questions_always_the_most_frequent_answer_scores_under_five_percent()
    {
        var groups = world.Questions.GroupBy(question => $"{question.Kind}/{question.Language}")
            .Concat(world.Questions.Where(question => question.Kind == "prose").GroupBy(question => $"{question.Relation}/{question.Language}"))
            .ToList();

        Assert.Equal(3 * 2 + 9 * 2, groups.Count);
        Assert.All(groups, group => Assert.True(
            group.CountBy(question => question.Answer).Max(answer => answer.Value) < 0.05 * group.Count(), $"{group.Key}: one answer prevails"));
    }

    [Fact]
    public void Questions_of_prose_facts_are_at_least_half()
    {
        Assert.True(2 * Prose().Count >= world.Questions.Count);
    }

    [Fact]
    public void Questions_of_prose_facts_name_what_no_dialogue_names()
    {
        var dialogues = AllDialogueText();

        Assert.All(Prose(), question => Assert.DoesNotContain(NameIn(question), dialogues, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Questions_of_prose_facts_name_what_no_question_in_the_prose_names()
    {
        var quizzes = string.Join('\n', world.Prose.Where(text => text.Contains('\n', StringComparison.Ordinal)));

        Assert.NotEmpty(quizzes);
        Assert.All(Prose(), question => Assert.DoesNotContain(NameIn(question), quizzes, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Questions_of_prose_facts_are_answered_by_prose_in_at_least_four_wordings()
    {
        var sentences = world.Prose.Where(text => !text.Contains('\n', StringComparison.Ordinal))
            .SelectMany(text => text.Split(['.', '。'], StringSplitOptions.TrimEntries)).Distinct().ToList();

        Assert.All(Prose(), question =>
        {
            var name = NameIn(question);
            var telling = sentences.Count(sentence => sentence.Contains(name, StringComparison.Ordinal) && sentence.Contains(ValueIn(question), StringComparison.Ordinal));
            Assert.True(telling >= 4, $"{question.Text} {question.Answer}: {telling} wordings");
        });
    }

    [Fact]
    public void Questions_ask_for_every_relation_in_at_least_four_phrasings()
    {
        var relations = Prose().GroupBy(question => (question.Relation, question.Language)).ToList();

        Assert.Equal(9 * 2, relations.Count);
        Assert.All(relations, relation => Assert.True(relation.Select(question => question.Text.Replace(NameIn(question), "*", StringComparison.Ordinal)).Distinct().Count() >= 4));
    }

    [Fact]
    public void Questions_of_arithmetic_are_some_but_at_most_thirty_percent()
    {
        var arithmetic = world.Questions.Count(question => question.Kind == "arithmetic");

        Assert.InRange(arithmetic, 1, 0.3 * world.Questions.Count);
    }

    [Fact]
    public void Questions_of_arithmetic_hold_sums_of_no_dialogue_in_either_order()
    {
        var asked = world.Dialogues.SelectMany(dialogue => dialogue).Where(turn => turn.Role == "user").Select(turn => Addends(turn.Content)).ToHashSet();

        Assert.All(world.Questions.Where(question => question.Kind == "arithmetic"), question =>
        {
            var (a, b) = Addends(question.Text);
            Assert.Equal(a + b, int.Parse(ValueIn(question), CultureInfo.InvariantCulture));
            Assert.DoesNotContain((a, b), asked);
            Assert.DoesNotContain((b, a), asked);
        });
    }

    [Fact]
    public void Questions_occur_in_no_dialogue()
    {
        var asked = world.Dialogues.SelectMany(dialogue => dialogue).Select(turn => turn.Content).ToHashSet();

        Assert.DoesNotContain(world.Questions, question => asked.Contains(question.Text));
    }

    [Fact]
    public void Questions_are_all_different_and_half_in_each_language()
    {
        Assert.Equal(world.Questions.Count, world.Questions.DistinctBy(question => question.Text).Count());
        Assert.Equal(world.Questions.Count, 2 * world.Questions.Count(question => question.Language == "zh"));
        Assert.All(world.Questions, question => Assert.Equal(question.Language == "zh", question.Text.EndsWith('？') || GeneratedWorld.IsChinese(question.Text)));
    }

    private List<GeneratedWorld.Question> Prose() => [.. world.Questions.Where(question => question.Kind == "prose")];

    /// <summary>The entity that a question is about: the one word of it that the prose introduces with its name in the other language.</summary>
    private string NameIn(GeneratedWorld.Question question) => world.Names.Single(name => question.Language == "zh"
        ? question.Text.Contains(name, StringComparison.Ordinal)
        : question.Text.Split(' ', '?', '.', '\'').Contains(name, StringComparer.Ordinal));

    /// <summary>English answers are sentences that end with the value; Chinese ones are the value.</summary>
    private static string ValueIn(GeneratedWorld.Question question) => question.Answer.Split(' ')[^1].TrimEnd('.');

    private string AllDialogueText() => string.Join('\n', Dialogues("sft.jsonl", "conversations").Concat(Dialogues("reason.jsonl", "conversations"))
        .Concat(Dialogues("lora_identity.jsonl", "conversations")).Concat(Dialogues("dpo.jsonl", "chosen")).Concat(Dialogues("dpo.jsonl", "rejected")));

    private IEnumerable<string> Dialogues(string file, string property) =>
        world.Lines(file).SelectMany(line => GeneratedWorld.Messages(line, property)).Select(turn => turn.Content);

    private static (int A, int B) Addends(string text)
    {
        var numbers = Number().Matches(text);
        return numbers.Count == 2 ? (int.Parse(numbers[0].Value, CultureInfo.InvariantCulture), int.Parse(numbers[1].Value, CultureInfo.InvariantCulture)) : default;
    }

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
