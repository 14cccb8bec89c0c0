using System.Text.Json;
using MiniMind.Text.Chat;

namespace MiniMind.Text.Tests.Chat;

public sealed class ChatMessagesTests
{
    private static IReadOnlyList<ChatMessage> Read(string json) => ChatMessages.Read(JsonElement.Parse(json), "conversations");

    [Theory]
    [InlineData("""[{"content": "a"}, {"content": "b"}, {"content": "c"}]""")]
    [InlineData("""[{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "user", "content": "c"}]""")]
    public void Read_old_files_alternate_by_position(string json) =>
        Assert.Equal(["user", "assistant", "user"], Read(json).Select(message => message.Role));

    [Fact]
    public void Read_tools_as_text_or_list_are_the_same()
    {
        var asText = Read("""[{"role": "system", "content": "s", "tools": "[{\"name\": \"f\"}]"}]""")[0];
        var asList = Read("""[{"role": "system", "content": "s", "tools": [{"name": "f"}]}]""")[0];
        Assert.Equal("""[{"name": "f"}]""", asText.Tools?.GetRawText());
        Assert.Equal(asText.Tools?.GetRawText(), asList.Tools?.GetRawText());
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"[]\"")]
    [InlineData("[]")]
    [InlineData("null")]
    public void Read_empty_tools_are_none(string tools) =>
        Assert.Null(Read($$"""[{"role": "system", "content": "s", "tools": {{tools}}}]""")[0].Tools);

    [Theory]
    [InlineData("""{"role": "user"}""", "\"conversations\" must be a list of messages, found an object")]
    [InlineData("[]", "\"conversations\" is an empty list, expected at least one message")]
    [InlineData("""[{"role": "user", "content": "q"}, "a"]""", "\"conversations[1]\" must be an object, found a string")]
    [InlineData("""[{"role": "user", "content": "q"}, {"content": "a"}]""", "\"conversations[1]\" lacks \"role\" (a string)")]
    [InlineData("""[{"role": "gpt", "content": "q"}]""", "\"conversations[0].role\" is \"gpt\", expected one of system, user, assistant, tool")]
    [InlineData("""[{"role": "user"}]""", "\"conversations[0]\" lacks \"content\" (a string)")]
    [InlineData("""[{"role": "user", "content": 3}]""", "\"conversations[0].content\" must be a string, found a number")]
    [InlineData("""[{"role": "system", "content": "", "tools": "{}"}]""", "\"conversations[0].tools\" must be a JSON list, found an object")]
    [InlineData("""[{"role": "assistant", "tool_calls": [{"name": "f"}]}]""", "\"conversations[0].tool_calls[0]\" lacks \"arguments\"")]
    [InlineData("""[{"role": "assistant", "tool_calls": [7]}]""", "\"conversations[0].tool_calls[0]\" must be an object, found a number")]
    [InlineData("""[{"role": "assistant", "tool_calls": "[{"}]""", "\"conversations[0].tool_calls\" holds broken JSON")]
    public void Read_wrong_fields_are_named(string json, string message) =>
        Assert.StartsWith(message, Assert.Throws<InputException>(() => Read(json)).Message);
}
