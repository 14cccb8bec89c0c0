using System.Text.Json;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary>
/// <c>{"conversations": [messages]}</c>, rendered with the tokenizer's chat template; targets are what the assistant says.
/// </summary>
public sealed class ConversationEncoder : IDocumentEncoder
{
    private readonly DialogueTokens _tokens;

    /// <exception cref="InputException">The chat markers are not added tokens: no targets could be found among the ids.</exception>
    public ConversationEncoder(Tokenizer tokenizer, DialogueVariation? variation = null) => _tokens = new DialogueTokens(tokenizer, variation ?? DialogueVariation.None);

    /// <inheritdoc />
    public string Settings => $"sft/1 {_tokens.Settings}";

    /// <inheritdoc />
    public EncodedDocument Encode(JsonElement line) => _tokens.Encode(DocumentForms.Dialogue(line));
}
