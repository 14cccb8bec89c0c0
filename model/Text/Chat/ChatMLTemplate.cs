using System.Text;
using System.Text.Json;

namespace MiniMind.Text.Chat;

/// <summary>
/// minimind-3's template: ChatML with a think block in every assistant turn, tool signatures in the system turn and tool answers in
/// user turns. The same as Tokenization/ChatML.jinja, which is what exported folders carry.
/// <para>
/// Around thoughts and answers all white space goes, as in the reference texts: their engine ignores the argument of
/// <c>lstrip('\n')</c> in minimind-3's own template. Python's would keep spaces and tabs there.
/// </para>
/// </summary>
internal sealed class ChatMLTemplate : ChatTemplate
{
    private const string ToolsIntroduction =
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        + "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";

    private const string ToolsUse =
        "\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
        + "<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call><|im_end|>\n";

    /// <inheritdoc />
    public override string Name => "chatml/1";

    /// <inheritdoc />
    public override string AssistantPrefix => "<|im_start|>assistant\n";

    private protected override string Write(
        IReadOnlyList<ChatMessage> messages, JsonElement? tools, bool addGenerationPrompt, bool openThinking)
    {
        var text = new StringBuilder();
        WriteHead(text, messages[0], tools);
        for (int i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            switch (message.Role)
            {
                case "user":
                case "system" when i > 0:
                    text.Append("<|im_start|>").Append(message.Role).Append('\n').Append(message.Content).Append("<|im_end|>\n");
                    break;
                case "assistant":
                    WriteAssistant(text, message);
                    break;
                case "tool":
                    bool first = i == 0 || messages[i - 1].Role != "tool";
                    bool last = i == messages.Count - 1 || messages[i + 1].Role != "tool";
                    WriteToolAnswer(text, message, first, last);
                    break;
            }
        }

        if (addGenerationPrompt) text.Append("<|im_start|>assistant\n<think>\n").Append(openThinking ? "" : "\n</think>\n\n");
        return text.ToString();
    }

    private static void WriteHead(StringBuilder text, ChatMessage first, JsonElement? tools)
    {
        bool system = first.Role == "system";
        if (tools is null && !system) return;
        text.Append("<|im_start|>system\n");
        if (system) text.Append(first.Content);
        if (tools is null)
        {
            text.Append("<|im_end|>\n");
            return;
        }

        if (system) text.Append("\n\n");
        text.Append(ToolsIntroduction);
        foreach (var tool in tools.Value.EnumerateArray())
        {
            text.Append('\n');
            PythonJson.Write(text, tool);
        }

        text.Append(ToolsUse);
    }

    private static void WriteAssistant(StringBuilder text, ChatMessage message)
    {
        var (thought, content) = Thought(message);
        text.Append("<|im_start|>assistant\n<think>\n").Append(thought.Trim()).Append("\n</think>\n\n").Append(content.TrimStart());
        if (message.ToolCalls is { } calls)
        {
            bool separate = content.Length > 0;
            foreach (var call in calls.EnumerateArray())
            {
                if (separate) text.Append('\n');
                separate = true;
                WriteCall(text, FunctionOf(call));
            }
        }

        text.Append("<|im_end|>\n");
    }

    /// <summary>Thoughts kept apart, or those between the last think tag before the first end tag and that end tag.</summary>
    private static (string Thought, string Content) Thought(ChatMessage message)
    {
        if (message.ReasoningContent is { } apart) return (apart, message.Content);
        string[] parts = message.Content.Split("</think>");
        return parts.Length == 1
            ? ("", message.Content)
            : (parts[0].TrimEnd().Split("<think>")[^1].TrimStart(), parts[^1].TrimStart());
    }

    private static void WriteCall(StringBuilder text, JsonElement call)
    {
        var arguments = call.GetProperty("arguments");
        text.Append("<tool_call>\n{\"name\": \"").Append(call.GetProperty("name").GetString()).Append("\", \"arguments\": ");
        if (arguments.ValueKind == JsonValueKind.String) text.Append(arguments.GetString());
        else PythonJson.Write(text, arguments);
        text.Append("}\n</tool_call>");
    }

    private static void WriteToolAnswer(StringBuilder text, ChatMessage message, bool first, bool last)
    {
        if (first) text.Append("<|im_start|>user");
        text.Append("\n<tool_response>\n").Append(message.Content).Append("\n</tool_response>");
        if (last) text.Append("<|im_end|>\n");
    }
}
