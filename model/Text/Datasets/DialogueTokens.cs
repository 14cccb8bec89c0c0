using MiniMind.Text.Chat;
using MiniMind.Text.Tokenization;

namespace MiniMind.Text.Datasets;

/// <summary>
/// A dialogue as tokens, rendered with the tokenizer's chat template. Targets are what the assistant says, found by its markers among the ids as
/// MiniMind's own data loader does. minimind-3: after <c>&lt;|im_start|&gt;assistant\n</c> up to and including <c>&lt;|im_end|&gt;\n</c>. minimind2: after
/// <c>&lt;s&gt;assistant</c> and one more token (the newline) up to and including <c>&lt;/s&gt;</c> and the token after it.
/// </summary>
internal sealed class DialogueTokens
{
    private readonly Tokenizer _tokenizer;
    private readonly DialogueVariation _variation;
    private readonly ChatTemplate _template;
    private readonly int[] _begin;
    private readonly int[] _end;

    /// <summary>Tokens between the marker that begins a turn and its first target; tokens after the marker that ends it that are still targets.</summary>
    private readonly int _newline;

    /// <exception cref="InputException">The chat markers are not added tokens: no targets could be found among the ids.</exception>
    public DialogueTokens(Tokenizer tokenizer, DialogueVariation variation)
    {
        (_tokenizer, _variation) = (tokenizer, variation);
        _template = ChatTemplate.For(tokenizer);
        bool sentences = tokenizer.Family == TokenizerFamily.MiniMind2;
        RequireMarkers(tokenizer, sentences ? ["<s>", "</s>"] : ["<|im_start|>", "<|im_end|>"]);
        _begin = tokenizer.Encode(_template.AssistantPrefix);
        _end = tokenizer.Encode(sentences ? "</s>" : "<|im_end|>\n");
        _newline = sentences ? 1 : 0;
    }

    /// <summary>Everything beside the tokenizer's files that decides the tokens.</summary>
    public string Settings => $"template={_template.Name}{_variation.Settings}";

    /// <param name="messages">At least one.</param>
    public EncodedDocument Encode(IReadOnlyList<ChatMessage> messages)
    {
        int[] ids = _tokenizer.Encode(_variation.Render(_template, messages));
        return new EncodedDocument(ids, MarkTargets(ids));
    }

    private static void RequireMarkers(Tokenizer tokenizer, string[] markers)
    {
        var missing = markers.Where(marker => !tokenizer.IsAddedToken(marker)).ToList();
        if (missing.Count == 0) return;
        throw new InputException(
            $"{tokenizer.Files[0]}: expected the chat markers {string.Join(" and ", markers)} among its added_tokens, found none of {string.Join(", ", missing)}. "
            + "Add them there, or let a tokenizer stage train one that has them.");
    }

    private bool[] MarkTargets(int[] ids)
    {
        var mask = new bool[ids.Length];
        int at = 0;
        while (IndexOf(ids, _begin, at) is >= 0 and var marker)
        {
            int first = marker + _begin.Length;
            int closing = IndexOf(ids, _end, first);
            int end = closing < 0 ? ids.Length : closing + _end.Length;
            int start = Math.Min(first + _newline, ids.Length);
            int stop = Math.Min(end + _newline, ids.Length);
            if (stop > start) mask.AsSpan(start, stop - start).Fill(true);
            at = end;
        }

        return mask;
    }

    private static int IndexOf(ReadOnlySpan<int> ids, ReadOnlySpan<int> wanted, int from)
    {
        int found = ids[from..].IndexOf(wanted);
        return found < 0 ? -1 : from + found;
    }
}
