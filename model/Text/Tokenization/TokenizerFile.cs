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
    /// <summary>Sixteen times the largest vocabulary in use: a wild id is a fault, not a table of gigabytes.</summary>
    private const int HighestId = (1 << 22) - 1;

    /// <summary>Token -> id, without the added tokens that the vocabulary does not list.</summary>
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    /// <summary>Merges in order of rank.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>The file's own expression for pieces; null for GPT-2's.</summary>
    public required Regex? PieceExpression { get; init; }

    /// <exception cref="InputException">No such file, no JSON, or not a byte-level BPE; the message names the place in the file.</exception>
    public static TokenizerFile Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(new PlacedJson(path, "", document.RootElement));
        }
        catch (JsonException fault)
        {
            throw new InputException($"{path}: expected a tokenizer.json, found broken JSON: {fault.Message}", fault);
        }
        catch (InvalidOperationException fault)
        {
            // The parser's only other complaint: half of a surrogate pair, written as an escape.
            throw new InputException($"{path}: expected a tokenizer.json in Unicode: {fault.Message}", fault);
        }
    }

    private static TokenizerFile Read(PlacedJson root)
    {
        var model = root["model"];
        CheckModel(model);
        if (root.Has("normalizer")) throw root.Fault("it has a normalizer, and none is supported");
        var tokenOf = new Dictionary<int, string>();
        var vocabulary = ReadVocabulary(model["vocab"], tokenOf);
        return new TokenizerFile
        {
            Vocabulary = vocabulary,
            Merges = model["merges"].Items().ConvertAll(merge => ReadMerge(merge, vocabulary)),
            AddedTokens = root.Has("added_tokens") ? ReadAddedTokens(root["added_tokens"], vocabulary, tokenOf) : [],
            PieceExpression = ReadPieceExpression(root["pre_tokenizer"]),
        };
    }

    private static void CheckModel(PlacedJson model)
    {
        // Old files leave model.type out; a BPE is the only model with merges.
        string type = model.Has("type") ? model["type"].Text() : model.Has("merges") ? "BPE" : "";
        if (type != "BPE") throw model.Fault($"model.type is \"{type}\"");
        foreach (string key in new[] { "dropout", "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (model.Has(key) && model[key].Value.GetRawText() is not "\"\"" and var raw)
                throw model.Fault($"model.{key} is {raw}, which is not supported");
        }

        foreach (string key in new[] { "byte_fallback", "ignore_merges" })
            if (model.IsTrue(key))
                throw model.Fault($"model.{key} is true, which is not supported");
    }

    private static Dictionary<string, int> ReadVocabulary(PlacedJson vocab, Dictionary<int, string> tokenOf)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (token, value) in vocab.Entries())
        {
            int id = value.Number(HighestId);
            if (!vocabulary.TryAdd(token, id)) throw vocab.Fault($"{value.Place} is there twice");
            RequireOwner(value, id, token, tokenOf);
        }

        return vocabulary;
    }

    private static (string Left, string Right) ReadMerge(PlacedJson merge, Dictionary<string, int> vocabulary)
    {
        string[] parts = merge.Value.ValueKind == JsonValueKind.Array ? [.. merge.Items().Select(part => part.Text())] : merge.Text().Split(' ');
        if (parts is not [{ Length: > 0 } left, { Length: > 0 } right]) throw merge.Fault($"{merge.Place} is {merge.Value.GetRawText()}, which is no pair of tokens");
        foreach (string token in new[] { left, right, left + right })
            if (!vocabulary.ContainsKey(token))
                throw merge.Fault($"{merge.Place}, \"{left} {right}\", needs the token \"{token}\", which model.vocab lacks");
        return (left, right);
    }

    private static List<AddedToken> ReadAddedTokens(PlacedJson list, Dictionary<string, int> vocabulary, Dictionary<int, string> tokenOf)
    {
        var added = new List<AddedToken>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var token in list.Items())
        {
            string content = token["content"].Text();
            int id = token["id"].Number(HighestId);
            if (content.Length == 0) throw token.Fault($"{token.Place} is empty");
            if (!seen.Add(content)) throw token.Fault($"{token.Place}, \"{content}\", is added twice");
            if (vocabulary.TryGetValue(content, out int known) && known != id)
                throw token.Fault($"{token.Place}, \"{content}\", has id {id}, and {known} in model.vocab");
            RequireOwner(token, id, content, tokenOf);
            foreach (string key in new[] { "lstrip", "rstrip", "single_word" })
                if (token.IsTrue(key))
                    throw token.Fault($"added token \"{content}\" has {key}, which is not supported");
            added.Add(new AddedToken(id, content, token.IsTrue("special")));
        }

        return added;
    }

    private static void RequireOwner(PlacedJson place, int id, string token, Dictionary<int, string> tokenOf)
    {
        if (!tokenOf.TryAdd(id, token) && tokenOf[id] != token)
            throw place.Fault($"{place.Place} gives id {id} to \"{token}\", and \"{tokenOf[id]}\" has it already");
    }

    /// <summary>Accepts ByteLevel with GPT-2's expression, or a sequence of one isolating Split and a ByteLevel without expression.</summary>
    private static Regex? ReadPieceExpression(PlacedJson pre)
    {
        string? type = pre.Value.ValueKind == JsonValueKind.Object ? pre["type"].Text() : null;
        if (type == "ByteLevel")
        {
            CheckByteLevel(pre);
            return UsesOwnExpression(pre) ? null : throw pre.Fault("pre_tokenizer is ByteLevel without an expression");
        }

        var parts = type == "Sequence" ? pre["pretokenizers"].Items() : [];
        bool known = parts.Count == 2 && parts[0]["type"].Text() == "Split" && parts[1]["type"].Text() == "ByteLevel"
            && parts[0]["behavior"].Text() == "Isolated" && !parts[0].IsTrue("invert") && !UsesOwnExpression(parts[1])
            && parts[0]["pattern"].Has("Regex");
        if (!known)
            throw pre.Fault($"pre_tokenizer is {type ?? "missing"}; ByteLevel, or one isolating Split by Regex and a ByteLevel with \"use_regex\": false, are supported");
        CheckByteLevel(parts[1]);
        try
        {
            return new Regex(parts[0]["pattern"]["Regex"].Text(), RegexOptions.Compiled | RegexOptions.CultureInvariant);
        }
        catch (ArgumentException fault)
        {
            throw new InputException($"{pre.File}: pre_tokenizer's expression is not understood: {fault.Message}", fault);
        }
    }

    private static void CheckByteLevel(PlacedJson byteLevel)
    {
        if (byteLevel.IsTrue("add_prefix_space")) throw byteLevel.Fault($"{byteLevel.Place}.add_prefix_space is true, which is not supported");
    }

    /// <summary>Whether ByteLevel splits by GPT-2's expression: the reference does unless the file says no.</summary>
    private static bool UsesOwnExpression(PlacedJson byteLevel) => !byteLevel.Has("use_regex") || byteLevel.IsTrue("use_regex");
}
