using System.Text.RegularExpressions;

namespace MiniMind.Coordinator.Tests.ToyWorld;

/// <summary>The training files: MiniMind's formats, two languages, varied prose.</summary>
public sealed partial class ToyWorldFilesTests(GeneratedWorld world) : IClassFixture<GeneratedWorld>
{
    [Fact]
    public void Pretrain_documents_are_of_both_languages_and_of_several_sentences()
    {
        var chinese = world.Prose.Count(GeneratedWorld.IsChinese);

        Assert.InRange(chinese, 0.4 * world.Prose.Count, 0.7 * world.Prose.Count);
        Assert.True(world.Prose.Count(text => Sentence().Count(text) >= 3) > 0.95 * world.Prose.Count);
    }

    [Fact]
    public void Pretrain_documents_repeat_facts_in_other_words_and_order()
    {
        Assert.True(world.Prose.Distinct().Count() > 0.99 * world.Prose.Count);
        var name = world.Names[0];
        var about = world.Prose.Where(text => text.Contains(name, StringComparison.Ordinal)).ToList();
        Assert.True(about.Count > 10);
        Assert.True(about.SelectMany(text => Sentence().Matches(text)).Where(sentence => sentence.Value.Contains(name, StringComparison.Ordinal))
            .Select(sentence => sentence.Value.Trim()).Distinct().Count() > 10);
    }

    [Fact]
    public void Sft_dialogues_alternate_user_and_assistant_and_some_have_several_turns()
    {
        Assert.All(world.Dialogues, dialogue => Assert.All(dialogue.Index(), turn => Assert.Equal(turn.Index % 2 == 0 ? "user" : "assistant", turn.Item.Role)));
        Assert.All(world.Dialogues, dialogue => Assert.True(dialogue.Count % 2 == 0 && dialogue.All(turn => turn.Content.Length > 0)));
        Assert.InRange(world.Dialogues.Count(dialogue => dialogue.Count > 2), 0.2 * world.Dialogues.Count, 0.8 * world.Dialogues.Count);
    }

    [Fact]
    public void Sft_dialogues_ask_of_a_part_of_the_entities_in_every_phrasing_of_the_questions()
    {
        var asked = world.Dialogues.SelectMany(dialogue => dialogue).Where(turn => turn.Role == "user").Select(turn => turn.Content).ToList();
        var named = world.Names.Where(name => asked.Any(question => question.Contains(name, StringComparison.Ordinal))).ToList();

        Assert.InRange(named.Count, 0.3 * world.Names.Count, 0.7 * world.Names.Count);
        Assert.Subset(Patterns(asked), Patterns(world.Questions.Select(question => question.Text)));
    }

    [Fact]
    public void Sft_dialogues_answer_with_every_answer_that_the_prose_questions_expect()
    {
        var answers = world.Dialogues.SelectMany(dialogue => dialogue).Where(turn => turn.Role == "assistant").Select(turn => turn.Content).ToHashSet();

        Assert.All(world.Questions.Where(question => question.Kind == "prose"), question => Assert.Contains(question.Answer, answers));
    }

    [Fact]
    public void Dpo_pairs_share_the_question_and_differ_in_the_answer()
    {
        var right = world.Dialogues.SelectMany(dialogue => dialogue.Chunk(2)).Select(turns => turns[1].Content).ToHashSet();

        Assert.All(world.Lines("dpo.jsonl"), pair =>
        {
            var (chosen, rejected) = (GeneratedWorld.Messages(pair, "chosen"), GeneratedWorld.Messages(pair, "rejected"));
            Assert.Equal(chosen.SkipLast(1), rejected.SkipLast(1));
            Assert.NotEqual(chosen[^1], rejected[^1]);
            Assert.Contains(chosen[^1].Content, right);
        });
    }

    [Fact]
    public void Reason_answers_think_first_and_then_give_what_they_thought_of()
    {
        Assert.All(world.Lines("reason.jsonl"), line =>
        {
            var answer = GeneratedWorld.Messages(line, "conversations")[^1];
            var parts = Reasoning().Match(answer.Content);
            Assert.True(parts.Success, answer.Content);
            Assert.Contains(parts.Groups["answer"].Value, parts.Groups["thought"].Value, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Identity_dialogues_name_the_model_in_both_languages()
    {
        var answers = world.Lines("lora_identity.jsonl").Select(line => GeneratedWorld.Messages(line, "conversations")[^1].Content).ToList();

        Assert.All(answers, answer => Assert.Contains("MiniMind", answer, StringComparison.Ordinal));
        Assert.Contains(answers, GeneratedWorld.IsChinese);
        Assert.Contains(answers, answer => !GeneratedWorld.IsChinese(answer));
    }

    /// <summary>Questions with the entity's name and the numbers taken out.</summary>
    private HashSet<string> Patterns(IEnumerable<string> questions) => [.. questions.Select(question =>
        Number().Replace(world.Names.OrderByDescending(name => name.Length).Aggregate(question, (text, name) => text.Replace(name, "*", StringComparison.Ordinal)), "#"))];

    [GeneratedRegex(@"[^.?。？\n]+[.?。？\n]?")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"^<think>\n(?<thought>.+)\n</think>\n<answer>\n(?<answer>.+)\n</answer>$")]
    private static partial Regex Reasoning();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
