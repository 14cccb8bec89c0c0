using System.Text.Json;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>What a run file needs to know about a tokenizer folder before the tokenizer itself is loaded.</summary>
internal static class TokenizerFolder
{
    private const string Key = "tokenizer";

    /// <summary>One more than the greatest token id; null after a fault has been reported.</summary>
    public static int? CountTokens(string folder, MappingReader top)
    {
        string file = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(file))
        {
            string found = Directory.Exists(folder) ? $"'{folder}' without that file" : $"no folder '{folder}'";
            top.Fault(Key, "a folder with tokenizer.json", found, $"check the path; it is relative to {Directory.GetCurrentDirectory()}");
            return null;
        }

        try
        {
            using var stream = File.OpenRead(file);
            using var document = JsonDocument.Parse(stream);
            return 1 + GreatestId(document.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            top.Fault(Key, "the tokenizer.json of a byte-level BPE", $"{file}: {fault.Message}", "write it again with Hugging Face's save_pretrained");
            return null;
        }
    }

    private static int GreatestId(JsonElement tokenizer)
    {
        int greatest = -1;
        foreach (var entry in tokenizer.GetProperty("model").GetProperty("vocab").EnumerateObject())
            greatest = Math.Max(greatest, entry.Value.GetInt32());
        if (!tokenizer.TryGetProperty("added_tokens", out var added)) return greatest;
        foreach (var token in added.EnumerateArray()) greatest = Math.Max(greatest, token.GetProperty("id").GetInt32());
        return greatest;
    }
}
