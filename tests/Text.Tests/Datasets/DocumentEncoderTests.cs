using System.Text.Json;
using MiniMind.Text.Datasets;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Tests.Datasets;

public sealed class DocumentEncoderTests
{
    private const string Dialogue = """
        {"conversations": [{"role": "system", "content": "s"}, {"role": "user", "content": "dog"}, {"role": "assistant", "content": "fox"},
                           {"role": "user", "content": "the dog"}, {"role": "assistant", "content": "北京"}]}
        """;

    private static EncodedDocument Encode(string kind, Tokenizer tokenizer, string json) =>
        DocumentEncoders.For(kind, tokenizer).Encode(JsonElement.Parse(json));

    /// <summary>The text of each unbroken run of targets.</summary>
    private static List<string> Targets(Tokenizer tokenizer, EncodedDocument document)
    {
        var runs = new List<List<int>>();
        for (int i = 0; i < document.Ids.Length; i++)
        {
            if (!document.TargetMask[i]) continue;
            if (i == 0 || !document.TargetMask[i - 1]) runs.Add([]);
            runs[^1].Add(document.Ids[i]);
        }

        return runs.ConvertAll(run => tokenizer.Decode(run, skipSpecial: false));
    }

    [Fact]
    public void Pretrain_is_begin_text_end_and_all_but_the_first_are_targets()
    {
        var tokenizer = TestTokenizers.ChatML;
        var document = Encode("pretrain", tokenizer, """{"text": "the dog", "other": 1}""");
        Assert.Equal([1, .. tokenizer.Encode("the dog"), 2], document.Ids);
        Assert.Equal([false, .. Enumerable.Repeat(true, document.Ids.Length - 1)], document.TargetMask);
    }

    [Fact]
    public void Sft_minimind3_targets_are_the_assistants_turns_with_their_end()
    {
        var document = Encode("sft", TestTokenizers.ChatML, Dialogue);
        Assert.Equal(
            ["<think>\n\n</think>\n\nfox<|im_end|>\n", "<think>\n\n</think>\n\n北京<|im_end|>\n"], Targets(TestTokenizers.ChatML, document));
    }

    [Fact]
    public void Sft_minimind2_targets_are_the_assistants_turns_after_the_newline()
    {
        var document = Encode("sft", TestTokenizers.Sentence, Dialogue);
        Assert.Equal(["fox</s>\n", "北京</s>\n"], Targets(TestTokenizers.Sentence, document));
    }

    [Fact]
    public void Sft_minimind2_open_turn_at_the_end_has_no_targets()
    {
        var document = Encode("sft", TestTokenizers.Sentence, """{"conversations": [{"role": "user", "content": "dog"}]}""");
        Assert.DoesNotContain(true, document.TargetMask);
    }

    [Fact]
    public void Sft_tool_answers_are_no_targets()
    {
        var document = Encode("sft", TestTokenizers.ChatML, """
            {"conversations": [{"role": "user", "content": "dog"},
              {"role": "assistant", "content": "", "tool_calls": "[{\"name\": \"f\", \"arguments\": {}}]"},
              {"role": "tool", "content": "brown"}, {"role": "assistant", "content": "fox"}]}
            """);
        var targets = Targets(TestTokenizers.ChatML, document);
        Assert.Equal(2, targets.Count);
        Assert.Contains("<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>", targets[0]);
        Assert.DoesNotContain(targets, target => target.Contains("brown"));
    }

    [Theory]
    [InlineData("pretrain", "[]", "expected an object")]
    [InlineData("pretrain", """{"txt": "a"}""", "the field \"text\" is missing")]
    [InlineData("pretrain", """{"text": 1}""", "the field \"text\" must be a string")]
    [InlineData("sft", "1", "expected an object")]
    [InlineData("sft", """{"text": "a"}""", "the field \"conversations\" is missing")]
    [InlineData("sft", """{"conversations": "a"}""", "\"conversations\" must be a list")]
    public void Encode_wrong_fields_are_named(string kind, string json, string message) =>
        Assert.StartsWith(message, Assert.Throws<InputException>(() => Encode(kind, TestTokenizers.ChatML, json)).Message);

    [Theory]
    [InlineData("pretrain", """{"text": "a\ud800"}""")]
    [InlineData("sft", """{"conversations": [{"role": "user", "content": "\ud800"}]}""")]
    public void Encode_half_a_surrogate_pair_is_an_invalid_operation(string kind, string json) =>
        Assert.Throws<InvalidOperationException>(() => Encode(kind, TestTokenizers.ChatML, json));

    [Fact]
    public void Sft_tokenizer_without_chat_markers_is_refused_with_the_fix()
    {
        var plain = TestTokenizers.Make([new SpecialToken("<e>", true)], """{"bos_token": "<e>", "eos_token": "<e>"}""");
        string message = Assert.Throws<InputException>(() => new ConversationEncoder(plain)).Message;
        Assert.StartsWith(plain.Files[0], message);
        Assert.Contains("found none of <|im_start|>, <|im_end|>. Add them", message);
    }

    [Fact]
    public void Sft_tokenizer_with_one_chat_marker_names_the_other()
    {
        var half = TestTokenizers.Make([new SpecialToken("<|im_start|>", true), new SpecialToken("<e>", true)], """{"eos_token": "<e>"}""");
        Assert.Contains("found none of <|im_end|>.", Assert.Throws<InputException>(() => new ConversationEncoder(half)).Message);
    }

    [Fact]
    public void For_unknown_kind_is_refused() =>
        Assert.Contains("\"poetry\"", Assert.Throws<InputException>(() => DocumentEncoders.For("poetry", TestTokenizers.ChatML)).Message);

    [Fact]
    public void Settings_differ_between_kinds_and_templates()
    {
        string[] settings =
        [
            new PretrainEncoder(TestTokenizers.ChatML).Settings, new ConversationEncoder(TestTokenizers.ChatML).Settings,
            new ConversationEncoder(TestTokenizers.Sentence).Settings,
        ];
        Assert.Equal(3, settings.Distinct().Count());
    }
}
