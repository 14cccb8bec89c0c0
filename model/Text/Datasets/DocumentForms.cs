using System.Text.Json;
using MiniMind.Text.Chat;

namespace MiniMind.Text.Datasets;

/// <summary>What a line of each kind of data must look like. Every function names what is missing or wrong.</summary>
public static class DocumentForms
{
    private static readonly string[] Dialogues = ["conversations", "messages"];

    /// <summary>The kind that a line's fields show, one of <see cref="DocumentEncoders.Kinds"/>; null when they show none.</summary>
    public static string? KindOf(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) return null;
        if (line.TryGetProperty("chosen", out _) || line.TryGetProperty("rejected", out _)) return "dpo";
        if (Dialogues.Any(field => line.TryGetProperty(field, out _))) return "sft";
        return line.TryGetProperty("text", out _) ? "pretrain" : null;
    }

    /// <summary><c>{"text": "…"}</c>.</summary>
    /// <exception cref="InputException">It is no such line.</exception>
    public static string Text(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new InputException("expected an object {\"text\": \"…\"}");
        if (!line.TryGetProperty("text", out var text)) throw new InputException("the field \"text\" is missing");
        return text.ValueKind == JsonValueKind.String ? text.GetString()! : throw new InputException("the field \"text\" must be a string");
    }

    /// <summary><c>{"conversations": [messages]}</c>. Lists named <c>messages</c>, as OpenAI's files have them, are read too.</summary>
    /// <exception cref="InputException">It is no such line.</exception>
    public static IReadOnlyList<ChatMessage> Dialogue(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new InputException($"expected an object {{\"{Dialogues[0]}\": [messages]}}");
        foreach (string field in Dialogues)
            if (line.TryGetProperty(field, out var list)) return ChatMessages.Read(list, field);
        throw new InputException($"the field \"{Dialogues[0]}\" is missing");
    }

    /// <summary><c>{"chosen": [messages], "rejected": [messages]}</c>, each with an answer of the assistant.</summary>
    /// <exception cref="InputException">It is no such line.</exception>
    public static (IReadOnlyList<ChatMessage> Chosen, IReadOnlyList<ChatMessage> Rejected) Pair(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new InputException("expected an object {\"chosen\": [messages], \"rejected\": [messages]}");
        return (Side(line, "chosen"), Side(line, "rejected"));
    }

    private static IReadOnlyList<ChatMessage> Side(JsonElement line, string field)
    {
        if (!line.TryGetProperty(field, out var list)) throw new InputException($"the field \"{field}\" is missing");
        var messages = ChatMessages.Read(list, field);
        return messages.Any(message => message.Role == "assistant") ? messages : throw new InputException($"\"{field}\" holds no answer of the assistant");
    }
}
