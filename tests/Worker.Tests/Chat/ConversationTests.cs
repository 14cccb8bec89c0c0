using MiniMind.Text;
using MiniMind.Text.Chat;
using MiniMind.Transformer.Generation;
using MiniMind.Worker.Chat;

namespace MiniMind.Worker.Tests.Chat;

public sealed class ConversationTests
{
    private const int NewTokens = 8;

    private static readonly SamplingOptions Sampling = SamplingOptions.Greedy(NewTokens);

    private static string Ask(Conversation conversation, string question) => string.Concat(conversation.Say(question, default));

    /// <summary>The answer when these turns, and nothing else, came before.</summary>
    private static string Answer(LoadedModel model, params ChatMessage[] turns)
    {
        var options = Sampling with { StopIds = [model.Tokenizer.EndOfSequence, model.Tokenizer.Padding] };
        return model.Tokenizer.Decode([.. model.Generator.Generate(model.Prompt(turns), options)]);
    }

    [Fact]
    public void An_answer_follows_from_all_that_was_said_before()
    {
        using var model = new SmallModel(maxPositions: 2048);
        var conversation = new Conversation(model.Loaded, "be brief", Sampling);
        var first = Ask(conversation, "one");
        ChatMessage[] turns = [new("system", "be brief"), new("user", "one")];
        Assert.Equal(Answer(model.Loaded, turns), first);
        Assert.Equal(Answer(model.Loaded, [.. turns, new("assistant", first), new("user", "two")]), Ask(conversation, "two"));
        conversation.Clear();
        Assert.Equal(first, Ask(conversation, "one"));
    }

    [Fact]
    public void The_oldest_turns_are_forgotten_when_positions_run_out_and_the_system_prompt_is_not()
    {
        using var model = new SmallModel(maxPositions: 192);
        var conversation = new Conversation(model.Loaded, "be brief", Sampling);
        var turns = new List<ChatMessage>();
        var forgotten = 0;
        for (var i = 0; i < 12; i++)
        {
            turns.Add(new ChatMessage("user", $"question number {i}"));
            while (Prompt().Length + NewTokens > 192)
            {
                turns.RemoveRange(0, 2);
                forgotten++;
            }
            var expected = Answer(model.Loaded, [new("system", "be brief"), .. turns]);
            var answer = Ask(conversation, $"question number {i}");
            Assert.Equal(expected, answer);
            turns.Add(new ChatMessage("assistant", answer));
        }
        Assert.True(forgotten > 0);

        int[] Prompt() => model.Loaded.Prompt([new("system", "be brief"), .. turns]);
    }

    [Fact]
    public void A_long_limit_on_answers_does_not_cost_the_history()
    {
        using var model = new SmallModel(maxPositions: 256);
        var options = SamplingOptions.Greedy(512, model.Loaded.Tokenizer.EndOfSequence, model.Loaded.Tokenizer.Padding);
        // No more than a quarter of the positions is kept free for the answer.
        ChatMessage[] before = [new("user", "one"), new("assistant", "a"), new("user", "two")];
        Assert.InRange(model.Loaded.Prompt(before).Length, 1, 256 - 64);
        var conversation = new Conversation(model.Loaded, null, options);
        foreach (var piece in conversation.Say("one", default))
        {
            // Cut short after its first piece, which is kept.
            before[1] = new("assistant", piece);
            break;
        }

        var expected = model.Loaded.Tokenizer.Decode([.. model.Loaded.Generator.Generate(model.Loaded.Prompt(before), options)]);

        Assert.Equal(expected, Ask(conversation, "two"));
    }

    [Fact]
    public void The_loop_goes_on_after_a_question_that_is_too_long()
    {
        using var model = new SmallModel(maxPositions: 128);
        using var output = new StringWriter();
        ChatLoop.Run(new Conversation(model.Loaded, null, Sampling), new StringReader($"{new string('?', 500)}\none\n"), output, interactive: false);
        var lines = output.ToString().ReplaceLineEndings("\n");
        Assert.StartsWith("error: prompt: expected fewer than 128 tokens", lines, StringComparison.Ordinal);
        Assert.EndsWith($"\n{Answer(model.Loaded, new ChatMessage("user", "one"))}\n", lines, StringComparison.Ordinal);
    }

    [Fact]
    public void A_question_that_alone_is_too_long_is_refused_and_forgotten()
    {
        using var model = new SmallModel(maxPositions: 64);
        var conversation = new Conversation(model.Loaded, null, Sampling);
        Assert.Throws<InputException>(() => Ask(conversation, new string('?', 500)));
        Assert.Equal(Answer(model.Loaded, new ChatMessage("user", "one")), Ask(conversation, "one"));
    }

    [Fact]
    public void An_answer_that_is_stopped_ends_with_a_mark_and_the_dialogue_goes_on()
    {
        using var model = new SmallModel();
        var conversation = new Conversation(model.Loaded, null, Sampling);
        using var output = new StringWriter();
        ChatLoop.Answer(conversation, "one", output, new CancellationToken(canceled: true));
        Assert.Equal(" …\n", output.ToString().ReplaceLineEndings("\n"));
        // What was not answered is not said.
        Assert.Equal(Answer(model.Loaded, new ChatMessage("user", "two")), Ask(conversation, "two"));
    }

    [Fact]
    public void The_loop_answers_line_by_line_until_the_end_of_input()
    {
        using var model = new SmallModel(maxPositions: 2048);
        using var output = new StringWriter();
        var conversation = new Conversation(model.Loaded, null, Sampling);
        ChatLoop.Run(conversation, new StringReader("one\n\n/clear\none\n/exit\ntwo\n"), output, interactive: false);
        var answer = Answer(model.Loaded, new ChatMessage("user", "one"));
        Assert.Equal($"{answer}\n{answer}\n", output.ToString().ReplaceLineEndings("\n"));
    }
}
