namespace MiniMind.Transformer.Layers;

/// <summary>
/// Consecutive documents that share one attention call: their lengths, in order. A window of one document is plainly causal;
/// a window of several also has a block-diagonal mask.
/// </summary>
public sealed record AttentionWindow(IReadOnlyList<int> Documents)
{
    /// <summary>
    /// Documents are joined until a window would grow beyond this many tokens. Every call has a fixed cost (about 60 µs with its
    /// backward) and masked-out pairs have a cost per pair.
    /// </summary>
    public const int JoinedTokens = 64;

    /// <summary>Tokens of all documents.</summary>
    public int Length { get; } = Documents.Sum();

    /// <summary>
    /// Joins <paramref name="documents"/> greedily, in order. Depends on nothing but the lengths, so that a microbatch is
    /// computed in the same way wherever and whenever it is computed.
    /// </summary>
    public static IReadOnlyList<AttentionWindow> Join(IReadOnlyList<int> documents, int joinedTokens = JoinedTokens)
    {
        var windows = new List<AttentionWindow>();
        var open = new List<int>();
        var length = 0;
        foreach (var document in documents)
        {
            if (open.Count > 0 && length + document > joinedTokens)
            {
                windows.Add(new AttentionWindow([.. open]));
                open.Clear();
                length = 0;
            }

            open.Add(document);
            length += document;
        }

        if (open.Count > 0) windows.Add(new AttentionWindow([.. open]));
        return windows;
    }
}
