using TorchSharp;

namespace MiniMind.Transformer.Layers;

/// <summary>
/// Consecutive documents that share one attention call: their lengths, in order. A window of one document is plainly causal;
/// a window of several also has a block-diagonal mask.
/// </summary>
public sealed record AttentionWindow(IReadOnlyList<int> Documents)
{
    /// <summary>
    /// Documents are joined until a window would grow beyond this many tokens; on a CPU never. A call's fixed cost there is below that of
    /// the pairs that a mask rules out, and a document's attention then has the same bits whatever it is packed with. Measured:
    /// tests/Benchmarks/packed-attention.md.
    /// </summary>
    public const int JoinedTokensOnCpu = 0;

    /// <summary>On a GPU every call is several launches, so that short documents share one. Chosen for few launches, not measured.</summary>
    public const int JoinedTokensOnGpu = 512;

    /// <summary>Tokens of all documents.</summary>
    public int Length { get; } = Documents.Sum();

    /// <summary>Which kind of device joins how many tokens; part of what decides the bits of a run.</summary>
    public static int JoinedTokensOn(DeviceType device) => device == DeviceType.CPU ? JoinedTokensOnCpu : JoinedTokensOnGpu;

    /// <summary>
    /// Joins <paramref name="documents"/> greedily, in order. Depends on nothing but the lengths and <paramref name="joinedTokens"/>, so
    /// that a microbatch is computed in the same way wherever and whenever it is computed.
    /// </summary>
    public static IReadOnlyList<AttentionWindow> Join(IReadOnlyList<int> documents, int joinedTokens)
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
