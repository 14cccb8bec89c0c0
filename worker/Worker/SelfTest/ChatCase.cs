using System.Text.Json;
using MiniMind.Text;
using MiniMind.Text.Chat;

namespace MiniMind.Worker.SelfTest;

/// <summary>Conversations give the text that the reference's template engine makes of them.</summary>
public sealed class ChatCase : IGoldenCase
{
    public string Name => "text/chat.jsonl";

    public void Run(GoldenFolder folder, GoldenComparison comparison)
    {
        var texts = GoldenText.Read(folder.Path(Name));
        foreach (var name in GoldenText.Tokenizers)
        {
            var template = ChatTemplate.For(folder.Tokenizer(name));
            comparison.Lines(name, [.. texts.Select(text => (text.Place, Render(template, text), text.Text(name)))]);
        }
    }

    private static string Render(ChatTemplate template, GoldenText text)
    {
        try
        {
            return template.Render(
                ChatMessages.Read(text.Value("messages", JsonValueKind.Array), "messages"), text.Optional("tools"),
                text.Flag("add_generation_prompt"), text.Flag("open_thinking"));
        }
        catch (InputException fault) when (!fault.Message.StartsWith(text.Place, StringComparison.Ordinal))
        {
            throw new InputException($"{text.Place}: {fault.Message}", fault);
        }
    }
}
