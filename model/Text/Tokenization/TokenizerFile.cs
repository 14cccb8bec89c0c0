using System.Text.Json;
using System.Text.RegularExpressions;

namespace MiniMind.Text.Tokenization;

/// <summary>One entry of <c>added_tokens</c>. Only <paramref name="Special"/> ones are left out of decoded text.</summary>
internal sealed record AddedToken(int Id, string Content, bool Special);

/// <summary>
/// What a Hugging Face <c>tokenizer.json</c> says, read strictly: whatever would change ids and is not supported is refused by name.
/// </summary>
internal sealed class TokenizerFile
{
    /// <summary>Token -> id, without the added tokens that the vocabulary does not list.</summary>
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    /// <summary>Merges in order of rank.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>The file's own expression for pieces; null for GPT-2's.</summary>
    public required Regex? PieceExpression { get; init; }

    /// <exception cref="InputException">No such file, no JSON, or not a byte-level BPE.</exception>
    public static TokenizerFile Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement, path);
        }
        catch (JsonException fault)
        {
            throw new InputException($"{path}: expected a tokenizer.json, found broken JSON: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Fault(path, $"a key is missing or has the wrong type ({fault.Message})");
        }
    }

    private static TokenizerFile Read(JsonElement root, string path)
    {
        var model = root.GetProperty("model");
        CheckModel(model, path);
        if (IsSet(root, "normalizer")) throw Fault(path, "it has a normalizer, and none is supported");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in model.GetProperty("vocab").EnumerateObject()) vocabulary[entry.Name] = entry.Value.GetInt32();
        var merges = model.GetProperty("merges").EnumerateArray().Select(ReadMerge).ToList();
        foreach (var (left, right) in merges)
        {
            foreach (string token in new[] { left, right, left + right })
                if (!vocabulary.ContainsKey(token))
                    throw Fault(path, $"merge \"{left} {right}\" needs the token \"{token}\", which model.vocab lacks");
        }

        return new TokenizerFile
        {
            Vocabulary = vocabulary,
            Merges = merges,
            AddedTokens = ReadAddedTokens(root, path),
            PieceExpression = ReadPieceExpression(root.GetProperty("pre_tokenizer"), path),
        };
    }

    private static void CheckModel(JsonElement model, string path)
    {
        // Old files leave model.type out; a BPE is the only model with merges.
        string type = model.TryGetProperty("type", out var given) ? given.GetString() ?? "" : model.TryGetProperty("merges", out _) ? "BPE" : "";
        if (type != "BPE") throw Fault(path, $"model.type is \"{type}\"");
        foreach (string key in new[] { "dropout", "continuing_subword_prefix", "end_of_word_suffix" })
        {
            bool harmless = !IsSet(model, key) || (model.GetProperty(key) is { ValueKind: JsonValueKind.String } text && text.GetString() == "");
            if (!harmless) throw Fault(path, $"model.{key} is {model.GetProperty(key).GetRawText()}, which is not supported");
        }

        foreach (string key in new[] { "byte_fallback", "ignore_merges" })
            if (IsTrue(model, key))
                throw Fault(path, $"model.{key} is true, which is not supported");
    }

    private static (string Left, string Right) ReadMerge(JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.Array) return (merge[0].GetString()!, merge[1].GetString()!);
        string text = merge.GetString()!;
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 ? (text[..space], text[(space + 1)..]) : throw new FormatException($"merge \"{text}\" is no pair");
    }

    private static List<AddedToken> ReadAddedTokens(JsonElement root, string path)
    {
        var added = new List<AddedToken>();
        if (!IsSet(root, "added_tokens")) return added;
        foreach (var token in root.GetProperty("added_tokens").EnumerateArray())
        {
            string content = token.GetProperty("content").GetString()!;
            if (content.Length == 0) throw Fault(path, "an added token is empty");
            foreach (string key in new[] { "lstrip", "rstrip", "single_word" })
                if (IsTrue(token, key))
                    throw Fault(path, $"added token \"{content}\" has {key}, which is not supported");
            added.Add(new AddedToken(token.GetProperty("id").GetInt32(), content, IsTrue(token, "special")));
        }

        return added;
    }

    /// <summary>Accepts ByteLevel with GPT-2's expression, or a sequence of one isolating Split and a ByteLevel without expression.</summary>
    private static Regex? ReadPieceExpression(JsonElement pre, string path)
    {
        string? type = pre.ValueKind == JsonValueKind.Object ? pre.GetProperty("type").GetString() : null;
        if (type == "ByteLevel")
        {
            CheckByteLevel(pre, path);
            return !pre.TryGetProperty("use_regex", out var use) || use.GetBoolean()
                ? null
                : throw Fault(path, "pre_tokenizer is ByteLevel without an expression");
        }

        var parts = type == "Sequence" ? pre.GetProperty("pretokenizers").EnumerateArray().ToList() : [];
        bool known = parts.Count == 2 && parts[0].GetProperty("type").GetString() == "Split" && parts[1].GetProperty("type").GetString() == "ByteLevel"
            && parts[0].GetProperty("behavior").GetString() == "Isolated" && !IsTrue(parts[0], "invert") && !IsTrue(parts[1], "use_regex")
            && parts[0].GetProperty("pattern").TryGetProperty("Regex", out _);
        if (!known) throw Fault(path, $"pre_tokenizer is {type ?? "missing"}; ByteLevel, or one isolating Split by Regex and a ByteLevel, are supported");
        CheckByteLevel(parts[1], path);
        string expression = parts[0].GetProperty("pattern").GetProperty("Regex").GetString()!;
        try
        {
            return new Regex(expression, RegexOptions.Compiled | RegexOptions.CultureInvariant);
        }
        catch (ArgumentException fault)
        {
            throw new InputException($"{path}: pre_tokenizer's expression is not understood: {fault.Message}", fault);
        }
    }

    private static void CheckByteLevel(JsonElement byteLevel, string path)
    {
        if (IsTrue(byteLevel, "add_prefix_space")) throw Fault(path, "pre_tokenizer.add_prefix_space is true, which is not supported");
    }

    private static bool IsSet(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null;

    private static bool IsTrue(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;

    private static InputException Fault(string path, string found) => new($"{path}: expected a byte-level BPE tokenizer.json, but {found}.");
}
