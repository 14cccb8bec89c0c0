using System.Text;
using System.Text.Json;

namespace MiniMind.Text.Chat;

/// <summary>
/// minimind2's template: <c>&lt;s&gt;role … &lt;/s&gt;</c>. A user's turn always opens the assistant's; tools, tool answers and
/// further system turns are not written.
/// </summary>
internal sealed class SentenceTemplate : ChatTemplate
{
    private const string DefaultSystem = "你是 MiniMind，是一个有用的人工智能助手。";

    /// <inheritdoc />
    public override string Name => "sentence/1";

    /// <inheritdoc />
    public override string AssistantPrefix => "<s>assistant";

    private protected override string Write(
        IReadOnlyList<ChatMessage> messages, JsonElement? tools, bool addGenerationPrompt, bool openThinking)
    {
        var text = new StringBuilder();
        string system = messages[0].Role == "system" ? messages[0].Content : DefaultSystem;
        text.Append("<s>system\n").Append(system).Append("</s>\n");
        foreach (var message in messages)
        {
            if (message.Role == "user") text.Append("<s>user\n").Append(message.Content).Append("</s>\n<s>assistant\n");
            else if (message.Role == "assistant") text.Append(message.Content).Append("</s>\n");
        }

        return text.ToString();
    }
}
