using System.Text.Json;

namespace MiniMind.Worker.SelfTest;

/// <summary>Texts of many kinds give the reference's token ids, special tokens inside them included.</summary>
public sealed class EncodeCase : IGoldenCase
{
    public string Name => "text/encode.jsonl";

    public void Run(GoldenFolder folder, GoldenComparison comparison)
    {
        var texts = GoldenText.Read(folder.Path(Name));
        foreach (var name in GoldenText.Tokenizers)
        {
            var tokenizer = folder.Tokenizer(name);
            foreach (var kind in texts.GroupBy(text => text.Text("kind")))
            {
                comparison.Lines($"{name}/{kind.Key}", [.. kind.Select(text => (
                    text.Place,
                    Actual: string.Join(' ', tokenizer.Encode(text.Text("text"))),
                    Expected: string.Join(' ', text.Value(name, JsonValueKind.Array).EnumerateArray().Select(id => id.GetRawText()))))]);
            }
        }
    }
}
