using System.Text.Json;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary>
/// <c>{"chosen": [messages], "rejected": [messages]}</c>: two dialogues of which the first one is preferred, each with the targets of a conversation.
/// Both end with an answer of the assistant, and share what comes before it.
/// </summary>
public sealed class PreferenceEncoder : IDocumentEncoder
{
    private readonly DialogueTokens _tokens;

    /// <exception cref="InputException">The chat markers are not added tokens: no targets could be found among the ids.</exception>
    public PreferenceEncoder(Tokenizer tokenizer) => _tokens = new DialogueTokens(tokenizer, DialogueVariation.None);

    /// <inheritdoc />
    public string Settings => $"dpo/1 {_tokens.Settings}";

    /// <inheritdoc />
    public EncodedDocument Encode(JsonElement line)
    {
        var (chosen, rejected) = DocumentForms.Pair(line);
        return _tokens.Encode(chosen) with { Rejected = _tokens.Encode(rejected) };
    }
}
