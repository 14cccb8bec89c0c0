using System.Text.Json;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary><c>{"text": "…"}</c>: beginning of sequence, text, end of sequence; every token is a target.</summary>
public sealed class PretrainEncoder(Tokenizer tokenizer) : IDocumentEncoder
{
    /// <inheritdoc />
    public string Settings => "pretrain/1";

    /// <inheritdoc />
    public EncodedDocument Encode(JsonElement line)
    {
        string text = Field(line);
        int[] ids = [tokenizer.BeginningOfSequence, .. tokenizer.Encode(text), tokenizer.EndOfSequence];
        var mask = new bool[ids.Length];
        mask.AsSpan(1).Fill(true);
        return new EncodedDocument(ids, mask);
    }

    private static string Field(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new InputException("expected an object {\"text\": \"…\"}");
        if (!line.TryGetProperty("text", out var text)) throw new InputException("the field \"text\" is missing");
        return text.ValueKind == JsonValueKind.String ? text.GetString()! : throw new InputException("the field \"text\" must be a string");
    }
}
