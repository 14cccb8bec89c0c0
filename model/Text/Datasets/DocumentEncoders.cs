using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary>The encoder of each kind of data.</summary>
public static class DocumentEncoders
{
    /// <param name="kind">The stage's name: "pretrain" or "sft".</param>
    /// <param name="tokenizer">Whose ids the documents have.</param>
    /// <exception cref="InputException">No such kind.</exception>
    public static IDocumentEncoder For(string kind, Tokenizer tokenizer) => kind switch
    {
        "pretrain" => new PretrainEncoder(tokenizer),
        "sft" => new ConversationEncoder(tokenizer),
        _ => throw new InputException($"No data encoder for \"{kind}\": expected pretrain or sft."),
    };
}
