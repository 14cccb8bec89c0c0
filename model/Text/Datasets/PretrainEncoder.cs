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
        string text = DocumentForms.Text(line);
        int[] ids = [tokenizer.BeginningOfSequence, .. tokenizer.Encode(text), tokenizer.EndOfSequence];
        var mask = new bool[ids.Length];
        mask.AsSpan(1).Fill(true);
        return new EncodedDocument(ids, mask);
    }
}
