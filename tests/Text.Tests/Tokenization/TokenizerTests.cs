using System.Text.Json;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Tokenization;

public sealed class TokenizerTests
{
    [Fact]
    public void Encode_reference_strings_gives_reference_ids()
    {
        RequireIds(ReferenceFiles.JsonLines("encode.jsonl"), "ids", Tokenizer.Load(ReferenceFiles.Tokenizer));
        if (!SharedFiles.Exist) return;
        var cases = SharedFiles.JsonLines("golden/text/encode.jsonl");
        foreach (string name in new[] { "minimind-3", "minimind2" }) RequireIds(cases, name, Tokenizer.Load(SharedFiles.Tokenizer(name)));
    }

    [Fact]
    public void Encode_special_tokens_inside_text_are_recognised()
    {
        int[] ids = TestTokenizers.ChatML.Encode("<|im_start|>user\n<think></think><|im_end|>");
        Assert.Equal((1, 25, 26, 2), (ids[0], ids[^3], ids[^2], ids[^1]));
    }

    [Fact]
    public void Decode_of_encode_gives_the_text_for_random_texts()
    {
        foreach (var tokenizer in TestTokenizers.All())
        {
            for (int seed = 0; seed < 300; seed++)
            {
                string text = RandomText.Make(seed);
                Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text), skipSpecial: false));
            }
        }
    }

    [Fact]
    public void StreamingDecoder_gives_the_same_text_and_never_half_a_character()
    {
        foreach (var tokenizer in TestTokenizers.All())
        {
            for (int seed = 0; seed < 100; seed++)
            {
                int[] ids = tokenizer.Encode(RandomText.Make(seed));
                var decoder = tokenizer.NewStreamingDecoder();
                var parts = ids.Select(decoder.Append).ToList();
                Assert.Equal("", decoder.Flush());
                Assert.DoesNotContain(parts, part => part.Contains('\uFFFD') || (part.Length > 0 && char.IsHighSurrogate(part[^1])));
                Assert.Equal(tokenizer.Decode(ids), string.Concat(parts));
            }
        }
    }

    [Fact]
    public void StreamingDecoder_cut_inside_a_character_flushes_a_replacement()
    {
        var decoder = TestTokenizers.ChatML.NewStreamingDecoder();
        int[] ids = TestTokenizers.ChatML.Encode("🙂");
        Assert.True(ids.Length > 1);
        Assert.Equal("", decoder.Append(ids[0]));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("🙂", string.Concat(ids.Select(decoder.Append)));
    }

    [Fact]
    public void Decode_skips_special_tokens_only_and_unknown_ids()
    {
        int[] ids = [1, .. TestTokenizers.ChatML.Encode("dog"), 25, 2, 99_999, -1];
        Assert.Equal("dog<think>", TestTokenizers.ChatML.Decode(ids));
        Assert.Equal("<|im_start|>dog<think><|im_end|>", TestTokenizers.ChatML.Decode(ids, skipSpecial: false));
    }

    [Fact]
    public void Encode_lone_surrogates_become_replacement_characters()
    {
        int[] ids = TestTokenizers.ChatML.Encode("a\uD83D b\uDE42");
        Assert.Equal("a\uFFFD b\uFFFD", TestTokenizers.ChatML.Decode(ids));
    }

    [Fact]
    public void Encode_text_with_one_long_piece_keeps_the_ids_around_it()
    {
        var tokenizer = TestTokenizers.ChatML;
        string before = "The dog\n\n<|im_start|>  sleeps.";
        string text = before + " " + new string('字', 5000) + "\n\nThe dog";
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text), skipSpecial: false));
        Assert.Equal(tokenizer.Encode(before), tokenizer.Encode(text).Take(tokenizer.Encode(before).Length));
        Assert.Equal(tokenizer.Encode("\n\nThe dog"), tokenizer.Encode(text).TakeLast(tokenizer.Encode("\n\nThe dog").Length));
    }

    [Fact]
    public void Encode_from_many_threads_gives_the_ids_of_one()
    {
        var texts = Enumerable.Range(0, 400).Select(RandomText.Make).ToList();
        var alone = texts.Select(TestTokenizers.ChatML.Encode).ToList();
        var together = new int[texts.Count][];
        Parallel.For(0, texts.Count, i => together[i] = TestTokenizers.ChatML.Encode(texts[i]));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Properties_of_the_two_families_follow_their_files()
    {
        var chat = TestTokenizers.ChatML;
        var sentence = TestTokenizers.Sentence;
        Assert.Equal((TokenizerFamily.MiniMind3, 1, 2, 0), (chat.Family, chat.BeginningOfSequence, chat.EndOfSequence, chat.Padding));
        Assert.Equal((TokenizerFamily.MiniMind2, 1, 2, 0), (sentence.Family, sentence.BeginningOfSequence, sentence.EndOfSequence, sentence.Padding));
        Assert.True(chat.VocabularySize > 36 + 256);
        Assert.Equal(chat.VocabularySize - 36 - 256, TokenizerFile.Read(chat.Files[0]).Merges.Count);
        Assert.Equal(["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"], chat.Files.Select(Path.GetFileName));
        Assert.Matches("^[0-9a-f]{64}$", chat.Sha256);
        Assert.NotEqual(chat.Sha256, sentence.Sha256);
    }

    private static void RequireIds(IReadOnlyList<JsonElement> cases, string name, Tokenizer tokenizer)
    {
        foreach (var line in cases)
        {
            var expected = line.GetProperty(name).EnumerateArray().Select(id => id.GetInt32());
            Assert.Equal(expected, tokenizer.Encode(line.GetProperty("text").GetString()!));
        }
    }
}
