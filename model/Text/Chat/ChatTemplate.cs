using System.Text.Json;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Chat;

/// <summary>
/// Writes a conversation as the text that a model reads: by hand what the Jinja <c>chat_template</c> of its tokenizer_config.json says.
/// </summary>
public abstract class ChatTemplate
{
    /// <summary>Name and version: part of the key of encoded data.</summary>
    public abstract string Name { get; }

    /// <summary>What stands before the tokens that an assistant says.</summary>
    public abstract string AssistantPrefix { get; }

    /// <summary>The template of the tokenizer's family.</summary>
    public static ChatTemplate For(Tokenizer tokenizer) =>
        tokenizer.Family == TokenizerFamily.MiniMind2 ? new SentenceTemplate() : new ChatMLTemplate();

    /// <summary>The whole conversation as text, special tokens included.</summary>
    /// <param name="messages">At least one turn, in order.</param>
    /// <param name="tools">JSON list of tool signatures; null takes those of the messages (the last that carries any).</param>
    /// <param name="addGenerationPrompt">Ends with the beginning of an assistant's turn.</param>
    /// <param name="openThinking">Leaves the think block of that turn open for the model to fill.</param>
    public string Render(
        IReadOnlyList<ChatMessage> messages, JsonElement? tools = null, bool addGenerationPrompt = false, bool openThinking = false)
    {
        if (messages.Count == 0) throw new InputException("A conversation needs at least one message, found none.");
        tools ??= messages.LastOrDefault(message => message is { Role: "system", Tools: not null })?.Tools;
        if (tools is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 0) tools = null;
        return Write(messages, tools, addGenerationPrompt, openThinking);
    }

    private protected abstract string Write(IReadOnlyList<ChatMessage> messages, JsonElement? tools, bool addGenerationPrompt, bool openThinking);

    /// <summary>A call's name and arguments, whether wrapped in "function" or not.</summary>
    internal static JsonElement FunctionOf(JsonElement call) =>
        call.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object ? function : call;
}
