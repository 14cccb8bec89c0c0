using System.Text.Json;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary>
/// <c>{"conversations": [messages]}</c>, rendered with the tokenizer's chat template; targets are what the assistant says. Lists named
/// <c>messages</c>, as OpenAI's files have them, are read too.
/// </summary>
public sealed class ConversationEncoder : IDocumentEncoder
{
    private static readonly string[] Fields = ["conversations", "messages"];

    private readonly DialogueTokens _tokens;

    /// <exception cref="InputException">The chat markers are not added tokens: no targets could be found among the ids.</exception>
    public ConversationEncoder(Tokenizer tokenizer, DialogueVariation? variation = null) => _tokens = new DialogueTokens(tokenizer, variation ?? DialogueVariation.None);

    /// <inheritdoc />
    public string Settings => $"sft/1 {_tokens.Settings}";

    /// <inheritdoc />
    public EncodedDocument Encode(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new InputException($"expected an object {{\"{Fields[0]}\": [messages]}}");
        foreach (string field in Fields)
            if (line.TryGetProperty(field, out var list)) return _tokens.Encode(list, field);
        throw new InputException($"the field \"{Fields[0]}\" is missing");
    }
}
