using System.Text.Json;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary>
/// <c>{"chosen": [messages], "rejected": [messages]}</c>: two dialogues of which the first one is preferred, each with the targets of a conversation.
/// Both end with an answer of the assistant, and share what comes before it.
/// </summary>
public sealed class PreferenceEncoder : IDocumentEncoder
{
    private static readonly string[] Fields = ["chosen", "rejected"];

    private readonly DialogueTokens _tokens;

    /// <exception cref="InputException">The chat markers are not added tokens: no targets could be found among the ids.</exception>
    public PreferenceEncoder(Tokenizer tokenizer) => _tokens = new DialogueTokens(tokenizer, DialogueVariation.None);

    /// <inheritdoc />
    public string Settings => $"dpo/1 {_tokens.Settings}";

    /// <inheritdoc />
    public EncodedDocument Encode(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new InputException("expected an object {\"chosen\": [messages], \"rejected\": [messages]}");
        var sides = Array.ConvertAll(Fields, field => line.TryGetProperty(field, out var list)
            ? Answered(_tokens.Encode(list, field), field)
            : throw new InputException($"the field \"{field}\" is missing"));
        return sides[0] with { Rejected = sides[1] };
    }

    private static EncodedDocument Answered(EncodedDocument side, string field) =>
        side.TargetMask.Contains(true) ? side : throw new InputException($"\"{field}\" holds no answer of the assistant");
}
