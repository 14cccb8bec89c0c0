using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MiniMind.Text.Tokenization;

/// <summary>What <see cref="BpeTrainer"/> learned.</summary>
/// <param name="Tokens">Every token; the index is the id. Bytes are spelled as GPT-2 does.</param>
/// <param name="Merges">Pairs in order of rank.</param>
/// <param name="SpecialTokens">The first tokens.</param>
public sealed record TrainedVocabulary(
    IReadOnlyList<string> Tokens, IReadOnlyList<(string Left, string Right)> Merges, IReadOnlyList<SpecialToken> SpecialTokens)
{
    private const int LongestContext = 131072;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json as Hugging Face's transformers read them. Each file appears
    /// whole or not at all, tokenizer.json last: without it the folder is no tokenizer.
    /// </summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        Write(folder, "special_tokens_map.json", NamedTokens());
        Write(folder, "tokenizer_config.json", Configuration());
        Write(folder, "tokenizer.json", Definition());
    }

    private static void Write(string folder, string name, JsonNode content)
    {
        string partial = Path.Combine(folder, name + ".partial");
        using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.UTF8.GetBytes(content.ToJsonString(Json) + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(partial, Path.Combine(folder, name), overwrite: true);
    }

    private JsonObject Definition() => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. SpecialTokens.Select((token, id) => AddedToken(token, id))]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = ByteLevel(),
        ["post_processor"] = null,
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = false,
            ["vocab"] = new JsonObject(Tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            ["merges"] = new JsonArray([.. Merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
        },
    };

    private JsonObject Configuration()
    {
        var content = new JsonObject
        {
            ["add_bos_token"] = false,
            ["add_eos_token"] = false,
            ["add_prefix_space"] = false,
            ["added_tokens_decoder"] = new JsonObject(
                SpecialTokens.Select((token, id) => KeyValuePair.Create($"{id}", (JsonNode?)Description(token)))),
            ["clean_up_tokenization_spaces"] = false,
            ["model_max_length"] = LongestContext,
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["chat_template"] = ChatTemplate(),
        };
        foreach (var (key, token) in NamedTokens()) content[key] = token?.DeepClone();
        return content;
    }

    /// <summary>The roles that some special token plays, by transformers' names.</summary>
    private JsonObject NamedTokens()
    {
        (string Key, string Token)[] roles =
            IsSentences
                ? [("bos_token", "<s>"), ("eos_token", "</s>"), ("pad_token", "<unk>"), ("unk_token", "<unk>")]
                : [("bos_token", "<|im_start|>"), ("eos_token", "<|im_end|>"), ("pad_token", "<|endoftext|>"), ("unk_token", "<|endoftext|>")];
        var present = roles.Where(role => SpecialTokens.Any(token => token.Content == role.Token));
        return new JsonObject(present.Select(role => KeyValuePair.Create(role.Key, (JsonNode?)role.Token)));
    }

    private static JsonObject AddedToken(SpecialToken token, int id)
    {
        var entry = Description(token);
        entry.Insert(0, "id", id);
        return entry;
    }

    private static JsonObject Description(SpecialToken token) => new()
    {
        ["content"] = token.Content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = token.Special,
    };

    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = true,
    };

    private bool IsSentences => SpecialTokens.SequenceEqual(SpecialToken.MiniMind2);

    private string ChatTemplate()
    {
        using var stream = typeof(TrainedVocabulary).Assembly.GetManifestResourceStream(IsSentences ? "Sentence.jinja" : "ChatML.jinja")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Trim();
    }
}
