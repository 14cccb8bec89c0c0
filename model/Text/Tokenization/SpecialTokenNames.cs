using System.Text.Json;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// The tokens that begin, end and pad: from tokenizer_config.json, else special_tokens_map.json. Where neither names them, the family's
/// own begin and end, and the end pads.
/// </summary>
internal sealed record SpecialTokenNames(string BeginningOfSequence, string EndOfSequence, string Padding)
{
    public static SpecialTokenNames Read(IEnumerable<string> configurationFiles, TokenizerFamily family)
    {
        var own = family == TokenizerFamily.MiniMind2 ? (Begin: "<s>", End: "</s>") : (Begin: "<|im_start|>", End: "<|im_end|>");
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in configurationFiles)
        {
            foreach (var (key, token) in Read(path)) given.TryAdd(key, token);
        }

        string end = given.GetValueOrDefault("eos_token", own.End);
        return new SpecialTokenNames(
            given.GetValueOrDefault("bos_token", own.Begin), end, given.GetValueOrDefault("pad_token", end));
    }

    private static List<(string Key, string Token)> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var found = new List<(string, string)>();
            foreach (string key in new[] { "bos_token", "eos_token", "pad_token" })
            {
                if (!document.RootElement.TryGetProperty(key, out var value)) continue;
                // Either the token itself or an object that describes it.
                if (value.ValueKind == JsonValueKind.Object) value = value.GetProperty("content");
                if (value.ValueKind == JsonValueKind.String) found.Add((key, value.GetString()!));
            }

            return found;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InputException($"{path}: expected a JSON object with bos_token, eos_token and pad_token: {fault.Message}", fault);
        }
    }
}
