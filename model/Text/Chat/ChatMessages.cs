using System.Text.Json;

namespace MiniMind.Text.Chat;

/// <summary>Reads messages from JSON: MiniMind's data files (tools and calls as JSON inside a string) and the OpenAI API (as JSON lists).</summary>
public static class ChatMessages
{
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];

    /// <summary>
    /// Reads a JSON list of messages. Old files alternate user and assistant by position: so are read lists where no message has a
    /// role, or where all are the user's.
    /// </summary>
    /// <param name="list">The list; anything else is a fault.</param>
    /// <param name="field">The list's name in messages, such as "conversations".</param>
    /// <exception cref="InputException">A field is missing or has the wrong type; the message names it.</exception>
    public static IReadOnlyList<ChatMessage> Read(JsonElement list, string field)
    {
        if (list.ValueKind != JsonValueKind.Array) throw new InputException($"\"{field}\" must be a list of messages, found {Kind(list)}");
        var elements = list.EnumerateArray().ToList();
        if (elements.Count == 0) throw new InputException($"\"{field}\" is an empty list, expected at least one message");
        bool byPosition = elements.TrueForAll(HasNoRole) || (elements.Count > 1 && elements.TrueForAll(IsUser));
        return elements.Select((element, index) => ReadOne(element, $"{field}[{index}]", byPosition ? Roles[1 + index % 2] : null)).ToList();
    }

    private static bool HasNoRole(JsonElement message) =>
        message.ValueKind == JsonValueKind.Object && (!message.TryGetProperty("role", out var role) || role.ValueKind == JsonValueKind.Null);

    private static bool IsUser(JsonElement message) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String
        && role.ValueEquals("user");

    private static ChatMessage ReadOne(JsonElement message, string place, string? roleOfPosition)
    {
        if (message.ValueKind != JsonValueKind.Object) throw new InputException($"\"{place}\" must be an object, found {Kind(message)}");
        string role = roleOfPosition ?? Text(message, "role", place) ?? throw Missing(place, "role");
        if (!Roles.Contains(role)) throw new InputException($"\"{place}.role\" is \"{role}\", expected one of {string.Join(", ", Roles)}");
        var calls = Json(message, "tool_calls", place);
        if (calls is { } list) CheckCalls(list, place);
        string content = Text(message, "content", place) ?? (calls is null ? throw Missing(place, "content") : "");
        return new ChatMessage(role, content, Text(message, "reasoning_content", place), Json(message, "tools", place), calls);
    }

    private static string? Text(JsonElement message, string key, string place)
    {
        if (!message.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : throw new InputException($"\"{place}.{key}\" must be a string, found {Kind(value)}");
    }

    /// <summary>A JSON list, given as such or inside a string. Empty ones count as absent, as in the template's conditions.</summary>
    private static JsonElement? Json(JsonElement message, string key, string place)
    {
        if (!message.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.String)
        {
            string text = value.GetString()!;
            if (string.IsNullOrWhiteSpace(text)) return null;
            value = Parse(text, $"{place}.{key}");
            if (value.ValueKind == JsonValueKind.Null) return null;
        }

        if (value.ValueKind != JsonValueKind.Array) throw new InputException($"\"{place}.{key}\" must be a JSON list, found {Kind(value)}");
        RequireTexts(value);
        return value.GetArrayLength() == 0 ? null : value.Clone();
    }

    /// <summary>Reads every string once: one that escapes half a surrogate pair is found here, whether a template writes it or not.</summary>
    private static void RequireTexts(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) _ = value.GetString();
        else if (value.ValueKind == JsonValueKind.Array) foreach (var element in value.EnumerateArray()) RequireTexts(element);
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in value.EnumerateObject())
            {
                _ = field.Name;
                RequireTexts(field.Value);
            }
        }
    }

    private static JsonElement Parse(string json, string place)
    {
        try
        {
            return JsonElement.Parse(json);
        }
        catch (JsonException fault)
        {
            throw new InputException($"\"{place}\" holds broken JSON: {fault.Message}", fault);
        }
    }

    private static void CheckCalls(JsonElement calls, string place)
    {
        int index = 0;
        foreach (var entry in calls.EnumerateArray())
        {
            string where = $"{place}.tool_calls[{index++}]";
            if (entry.ValueKind != JsonValueKind.Object) throw new InputException($"\"{where}\" must be an object, found {Kind(entry)}");
            var call = ChatTemplate.FunctionOf(entry);
            if (!call.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String) throw Missing(where, "name");
            if (!call.TryGetProperty("arguments", out _)) throw Missing(where, "arguments", "an object");
        }
    }

    private static InputException Missing(string place, string key, string what = "a string") => new($"\"{place}\" lacks \"{key}\" ({what})");

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
