using System.Text.Json;

namespace MiniMind.Text.Datasets;

/// <summary>The texts inside a line of any of MiniMind's formats, for training a tokenizer.</summary>
public static class DocumentTexts
{
    private static readonly string[] Lists = ["conversations", "messages", "chosen", "rejected"];
    private static readonly string[] Parts = ["content", "reasoning_content"];

    /// <summary>"text", and the contents of all messages.</summary>
    /// <exception cref="InputException">A string that is no text, such as an escaped half of a surrogate pair.</exception>
    public static IReadOnlyList<string> Of(JsonElement line)
    {
        try
        {
            return [.. Collect(line)];
        }
        catch (InvalidOperationException fault)
        {
            throw new InputException($"expected text, found a string that is none ({fault.Message})", fault);
        }
    }

    private static IEnumerable<string> Collect(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) yield break;
        if (line.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String) yield return text.GetString()!;
        foreach (var name in Lists)
        {
            if (!line.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array) continue;
            foreach (var message in list.EnumerateArray())
                foreach (var part in Contents(message)) yield return part;
        }
    }

    private static IEnumerable<string> Contents(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object) yield break;
        foreach (var part in Parts)
            if (message.TryGetProperty(part, out var content) && content.ValueKind == JsonValueKind.String) yield return content.GetString()!;
    }
}
