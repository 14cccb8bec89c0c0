using System.Text.Json.Nodes;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class TokenizerLoadTests : IDisposable
{
    private const string Llama3Expression =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private readonly TemporaryFolder _folder = new();
    private readonly JsonNode _file;

    public TokenizerLoadTests()
    {
        BpeTrainer.Train(["aaab aaab aaab 1234"], new BpeTrainerOptions { VocabularySize = 300 }).Save(_folder.Path);
        _file = JsonNode.Parse(File.ReadAllText(_folder.File("tokenizer.json")))!;
    }

    public void Dispose() => _folder.Dispose();

    private Tokenizer Reload(Action<JsonNode> change)
    {
        change(_file);
        _folder.Write("tokenizer.json", _file.ToJsonString());
        return Tokenizer.Load(_folder.Path);
    }

    private string FaultOf(Action<JsonNode> change) => Assert.Throws<InputException>(() => Reload(change)).Message;

    [Fact]
    public void Load_merges_as_strings_or_pairs_gives_the_same_ids()
    {
        int[] fromPairs = Tokenizer.Load(_folder.Path).Encode("aaab 12");
        var fromStrings = Reload(file =>
            file["model"]!["merges"] = new JsonArray([.. file["model"]!["merges"]!.AsArray().Select(pair => (JsonNode)$"{pair![0]} {pair[1]}")]));
        Assert.Equal(fromPairs, fromStrings.Encode("aaab 12"));
    }

    [Fact]
    public void Load_accepts_the_file_itself() =>
        Assert.Equal(Tokenizer.Load(_folder.Path).Sha256, Tokenizer.Load(_folder.File("tokenizer.json")).Sha256);

    [Fact]
    public void Load_without_configuration_takes_the_special_tokens_of_the_family()
    {
        File.Delete(_folder.File("tokenizer_config.json"));
        File.Delete(_folder.File("special_tokens_map.json"));
        var tokenizer = Tokenizer.Load(_folder.Path);
        Assert.Equal((1, 2), (tokenizer.BeginningOfSequence, tokenizer.EndOfSequence));
        Assert.Single(tokenizer.Files);
    }

    [Fact]
    public void Load_expression_of_its_own_is_used()
    {
        var tokenizer = Reload(file => file["pre_tokenizer"] = JsonNode.Parse($$"""
            {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": {{JsonValue.Create(Llama3Expression).ToJsonString()}}}, "behavior": "Isolated", "invert": false},
              {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]}
            """));
        Assert.Equal("aaab 123456\n\n x", tokenizer.Decode(tokenizer.Encode("aaab 123456\n\n x")));
        // GPT-2's expression keeps 1234 in one piece, where it merges; this one cuts it after three digits.
        Assert.True(tokenizer.Encode("1234").Length > 1);
        Assert.Equal(2, tokenizer.Encode("1234").Length - tokenizer.Encode("123").Length + 1);
    }

    [Fact]
    public void Load_missing_path_says_what_was_expected() =>
        Assert.Contains("expected a folder with a tokenizer.json", Assert.Throws<InputException>(() => Tokenizer.Load("/nowhere/at/all")).Message);

    [Fact]
    public void Load_broken_json_names_the_file()
    {
        string path = _folder.Write("tokenizer.json", "{\"model\": ");
        Assert.Contains(path, Assert.Throws<InputException>(() => Tokenizer.Load(path)).Message);
    }

    [Fact]
    public void Load_other_models_are_refused_by_name()
    {
        Assert.Contains("model.type is \"WordPiece\"", FaultOf(file => file["model"]!["type"] = "WordPiece"));
    }

    [Fact]
    public void Load_unsupported_settings_are_refused_by_name()
    {
        Assert.Contains("normalizer", FaultOf(file => file["normalizer"] = new JsonObject { ["type"] = "NFC" }));
        _file["normalizer"] = null;
        Assert.Contains("model.byte_fallback", FaultOf(file => file["model"]!["byte_fallback"] = true));
        _file["model"]!["byte_fallback"] = false;
        Assert.Contains("model.dropout", FaultOf(file => file["model"]!["dropout"] = 0.1));
        _file["model"]!["dropout"] = null;
        Assert.Contains("add_prefix_space", FaultOf(file => file["pre_tokenizer"]!["add_prefix_space"] = true));
        _file["pre_tokenizer"]!["add_prefix_space"] = false;
        Assert.Contains("lstrip", FaultOf(file => file["added_tokens"]![0]!["lstrip"] = true));
        _file["added_tokens"]![0]!["lstrip"] = false;
        Assert.Contains("Metaspace", FaultOf(file => file["pre_tokenizer"] = new JsonObject { ["type"] = "Metaspace" }));
    }

    [Fact]
    public void Load_merge_without_token_names_both() =>
        Assert.Contains("needs the token \"zq\"", FaultOf(file => file["model"]!["merges"]!.AsArray().Add(new JsonArray("z", "q"))));

    public static TheoryData<string, string> Malformed => new()
    {
        { """{"model": {"merges": [["a"]]}}""", "model.merges[0] is [\"a\"], which is no pair" },
        { """{"model": {"merges": [["a", "a"], ["a", "a", "b"]]}}""", "model.merges[1] is [\"a\",\"a\",\"b\"], which is no pair" },
        { """{"model": {"merges": ["a a b"]}}""", "model.merges[0] is \"a a b\", which is no pair" },
        { """{"model": {"merges": ["aa"]}}""", "model.merges[0] is \"aa\", which is no pair" },
        { """{"model": {"merges": [null]}}""", "model.merges[0] is null instead of a text" },
        { """{"model": {"merges": [["a", null]]}}""", "model.merges[0][1] is null instead of a text" },
        { """{"model": {"merges": 5}}""", "model.merges is 5 instead of a list" },
        { """{"model": {"vocab": {"x": -1}}}""", "model.vocab[\"x\"] is -1 instead of a whole number" },
        { """{"model": {"vocab": {"x": 2000000000}}}""", "model.vocab[\"x\"] is 2000000000 instead of a whole number" },
        { """{"model": {"vocab": {"x": 1.5}}}""", "model.vocab[\"x\"] is 1.5 instead of a whole number" },
        { """{"model": {"vocab": {"x": 7, "y": 7}}}""", "model.vocab[\"y\"] gives id 7 to \"y\", and \"x\" has it already" },
        { """{"model": {"vocab": null}}""", "model.vocab is null instead of an object" },
        { """{"added_tokens": [{"id": 0, "content": "<|endoftext|>"}, {"id": 0, "content": "<|endoftext|>"}]}""", "added_tokens[1], \"<|endoftext|>\", is added twice" },
        { """{"added_tokens": [{"id": 1, "content": "<|endoftext|>"}]}""", "added_tokens[0], \"<|endoftext|>\", has id 1, and 0 in model.vocab" },
        { """{"added_tokens": [{"id": 1, "content": "<x>"}]}""", "added_tokens[0] gives id 1 to \"<x>\", and \"<|im_start|>\" has it already" },
        { """{"added_tokens": [{"id": -1, "content": "<x>"}]}""", "added_tokens[0].id is -1 instead of a whole number" },
        { """{"added_tokens": [{"id": 1, "content": null}]}""", "added_tokens[0].content is null instead of a text" },
        { """{"added_tokens": [{"id": 1}]}""", "added_tokens[0].content is missing" },
        { """{"added_tokens": [5]}""", "added_tokens[0].content is missing" },
        { """{"pre_tokenizer": {"type": "ByteLevel", "use_regex": false}}""", "ByteLevel without an expression" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Load_malformed_entry_names_file_and_place(string change, string found)
    {
        string message = FaultOf(file => Replace(file, JsonNode.Parse(change)!));
        Assert.StartsWith(_folder.File("tokenizer.json"), message);
        Assert.Contains(found, message);
    }

    /// <summary>Replaces the values that <paramref name="change"/> names; an object is changed inside, except for the vocabulary.</summary>
    private static void Replace(JsonNode file, JsonNode change)
    {
        foreach (var (key, value) in change.AsObject())
        {
            if (key == "model") Replace(file[key]!, value!);
            else file[key] = value?.DeepClone();
        }
    }

    [Fact]
    public void Load_vocabulary_entry_given_twice_is_refused()
    {
        string path = _folder.Write("tokenizer.json", File.ReadAllText(_folder.File("tokenizer.json")).Replace("\"vocab\": {", "\"vocab\": {\"!\": 36,"));
        Assert.Contains("model.vocab[\"!\"] is there twice", Assert.Throws<InputException>(() => Tokenizer.Load(path)).Message);
    }

    [Fact]
    public void Load_expression_beside_gpt2s_own_is_refused() =>
        // Without "use_regex" the reference splits by both, one after the other.
        Assert.Contains("use_regex", FaultOf(file => file["pre_tokenizer"] = JsonNode.Parse("""
            {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": "x"}, "behavior": "Isolated"}, {"type": "ByteLevel", "add_prefix_space": false}]}
            """)));

    [Fact]
    public void Load_named_token_outside_the_vocabulary_names_the_key()
    {
        _folder.Write("tokenizer_config.json", """{"bos_token": "<begin>"}""");
        string message = Assert.Throws<InputException>(() => Tokenizer.Load(_folder.Path)).Message;
        Assert.Contains("bos_token is \"<begin>\"", message);
    }
}
