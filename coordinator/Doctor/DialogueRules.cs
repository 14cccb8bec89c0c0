using MiniMind.Text.Chat;

namespace MiniMind.Coordinator.Doctor;

/// <summary>What dialogues should look like.</summary>
internal static class DialogueRules
{
    public static Oddity Of(IReadOnlyList<ChatMessage> messages)
    {
        var answers = messages.Where(message => message.Role == "assistant").ToList();
        var found = IsInOrder(messages) ? Oddity.None : Oddity.RoleOrder;
        if (answers.Count == 0) return found | Oddity.NoAnswer;
        int empty = answers.Count(IsEmpty);
        if (empty > 0) found |= Oddity.EmptyAnswer;
        if (empty == answers.Count) found |= Oddity.OnlyEmptyAnswers;
        return found;
    }

    public static Oddity Of(IReadOnlyList<ChatMessage> chosen, IReadOnlyList<ChatMessage> rejected)
    {
        var found = (Of(chosen) | Of(rejected)) & ~Oddity.OnlyEmptyAnswers;
        if (Same(chosen, rejected)) found |= Oddity.EqualSides;
        else if (!Same(Prompt(chosen), Prompt(rejected))) found |= Oddity.DifferentPrompts;
        return found;
    }

    /// <summary>
    /// After system messages at the beginning the user speaks, then the assistant, in turns; tools answer an assistant that called them, and then the assistant speaks
    /// again. The assistant has the last word.
    /// </summary>
    private static bool IsInOrder(IReadOnlyList<ChatMessage> messages)
    {
        string before = "system";
        foreach (var message in messages)
        {
            bool follows = message.Role switch
            {
                "system" => before == "system",
                "user" => before is "system" or "assistant",
                "assistant" => before is "user" or "tool",
                _ => before is "called" or "tool",
            };
            if (!follows) return false;
            before = message is { Role: "assistant", ToolCalls: not null } ? "called" : message.Role;
        }

        return before is "assistant" or "called";
    }

    private static bool IsEmpty(ChatMessage answer) => answer.ToolCalls is null && string.IsNullOrWhiteSpace(answer.Content);

    /// <summary>Everything before the last answer.</summary>
    private static IReadOnlyList<ChatMessage> Prompt(IReadOnlyList<ChatMessage> messages) => [.. messages.Take(messages.ToList().FindLastIndex(message => message.Role == "assistant"))];

    private static bool Same(IReadOnlyList<ChatMessage> left, IReadOnlyList<ChatMessage> right) => left.Select(Key).SequenceEqual(right.Select(Key));

    private static (string, string, string?, string?) Key(ChatMessage message) => (message.Role, message.Content, message.ReasoningContent, message.ToolCalls?.GetRawText());
}
