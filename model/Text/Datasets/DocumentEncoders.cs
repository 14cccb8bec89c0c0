using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary>The encoder of each kind of data.</summary>
public static class DocumentEncoders
{
    /// <summary>Kinds of data.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["pretrain", "sft", "dpo"];

    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="tokenizer">Whose ids the documents have.</param>
    /// <param name="variation">How dialogues are varied; only sft knows that. Default: not at all.</param>
    /// <exception cref="InputException">No such kind.</exception>
    public static IDocumentEncoder For(string kind, Tokenizer tokenizer, DialogueVariation? variation = null) => kind switch
    {
        "pretrain" => new PretrainEncoder(tokenizer),
        "sft" => new ConversationEncoder(tokenizer, variation),
        "dpo" => new PreferenceEncoder(tokenizer),
        _ => throw new InputException($"No data encoder for \"{kind}\": expected {string.Join(", ", Kinds.SkipLast(1))} or {Kinds[^1]}."),
    };
}
