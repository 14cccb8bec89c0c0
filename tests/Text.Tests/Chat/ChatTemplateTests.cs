using System.Text.Json;
using MiniMind.Text.Chat;

namespace MiniMind.Text.Tests.Chat;

public sealed class ChatTemplateTests
{
    private static readonly ChatTemplate ChatML = ChatTemplate.For(TestTokenizers.ChatML);
    private static readonly ChatTemplate Sentence = ChatTemplate.For(TestTokenizers.Sentence);

    private static IReadOnlyList<ChatMessage> Messages(string json) => ChatMessages.Read(JsonElement.Parse(json), "messages");

    private static bool Flag(JsonElement line, string key) => line.TryGetProperty(key, out var value) && value.GetBoolean();

    private static string Assistant(string json) =>
        ChatML.Render(Messages($$"""[{"role": "user", "content": "q"}, {{json}}]""")).Split("<|im_start|>assistant\n")[1];

    [Fact]
    public void Render_reference_conversations_gives_reference_texts()
    {
        var cases = ReferenceFiles.JsonLines("chat.jsonl");
        foreach (var line in SharedFiles.Exist ? cases.Concat(SharedFiles.JsonLines("golden/text/chat.jsonl")) : cases)
        {
            var messages = ChatMessages.Read(line.GetProperty("messages"), "messages");
            JsonElement? tools = line.TryGetProperty("tools", out var given) ? given : null;
            bool prompt = Flag(line, "add_generation_prompt");
            bool open = Flag(line, "open_thinking");
            Assert.Equal(line.GetProperty("minimind-3").GetString(), ChatML.Render(messages, tools, prompt, open));
            Assert.Equal(line.GetProperty("minimind2").GetString(), Sentence.Render(messages, tools, prompt, open));
        }
    }

    [Fact]
    public void ChatML_dialogue_has_a_think_block_in_the_assistants_turn()
    {
        var messages = Messages("""[{"role": "system", "content": "s"}, {"role": "user", "content": "你好"}, {"role": "assistant", "content": "\nhi"}]""");
        Assert.Equal(
            "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nhi<|im_end|>\n",
            ChatML.Render(messages));
    }

    [Fact]
    public void ChatML_generation_prompt_opens_or_closes_the_think_block()
    {
        var messages = Messages("""[{"role": "user", "content": "q"}]""");
        Assert.EndsWith("<|im_start|>assistant\n<think>\n\n</think>\n\n", ChatML.Render(messages, addGenerationPrompt: true));
        Assert.EndsWith("<|im_start|>assistant\n<think>\n", ChatML.Render(messages, addGenerationPrompt: true, openThinking: true));
    }

    [Fact]
    public void ChatML_thoughts_come_from_their_field_or_from_tags_in_the_content()
    {
        Assert.Equal("<think>\nwhy\n</think>\n\nso<|im_end|>\n", Assistant("""{"role": "assistant", "content": "so", "reasoning_content": "\nwhy\n"}"""));
        Assert.Equal("<think>\nwhy\n</think>\n\nso<|im_end|>\n", Assistant("""{"role": "assistant", "content": "<think>\nwhy\n</think>\n\nso"}"""));
    }

    [Fact]
    public void ChatML_tools_of_a_system_message_given_as_text_are_spelled_as_python_does()
    {
        string text = ChatML.Render(Messages("""
            [{"role": "system", "content": "s", "tools": "[{\"name\":\"f\",\"n\":[1,1.50,1e3,1e-7,true,null],\"d\":\"<城>\"}]"},
             {"role": "user", "content": "q"}]
            """));
        Assert.StartsWith("<|im_start|>system\ns\n\n# Tools\n\n", text);
        Assert.Contains("<tools>\n{\"name\": \"f\", \"n\": [1, 1.5, 1000.0, 1e-07, true, null], \"d\": \"<城>\"}\n</tools>", text);
    }

    [Fact]
    public void ChatML_tool_calls_and_answers_are_written_in_their_tags()
    {
        string text = ChatML.Render(Messages("""
            [{"role": "user", "content": "q"},
             {"role": "assistant", "tool_calls": "[{\"name\": \"f\", \"arguments\": {\"x\": 1}}, {\"function\": {\"name\": \"g\", \"arguments\": \"{}\"}}]"},
             {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}]
            """));
        Assert.EndsWith(
            "</think>\n\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>\n<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call><|im_end|>\n"
            + "<|im_start|>user\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response><|im_end|>\n",
            text);
    }

    [Fact]
    public void Sentence_without_system_message_uses_its_own()
    {
        string text = Sentence.Render(Messages("""[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]"""));
        Assert.Equal("<s>system\n你是 MiniMind，是一个有用的人工智能助手。</s>\n<s>user\nq</s>\n<s>assistant\na</s>\n", text);
    }

    [Fact]
    public void Render_no_messages_is_refused() => Assert.Throws<InputException>(() => ChatML.Render([]));
}
