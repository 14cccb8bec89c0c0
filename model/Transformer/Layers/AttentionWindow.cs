using TorchSharp;

namespace MiniMind.Transformer.Layers;

/// <summary>
/// Consecutive documents that share one attention call: their lengths, in order. A window of one document is plainly causal;
/// a window of several also has a block-diagonal mask.
/// </summary>
public sealed record AttentionWindow(IReadOnlyList<int> Documents)
{
    /// <summary>
    /// On a CPU documents are joined until a window would grow beyond this many tokens. Every call has a fixed cost (about 60 µs with its
    /// backward) and masked-out pairs have a cost per pair. Measured: tests/Benchmarks/packed-attention.md.
    /// </summary>
    public const int JoinedTokens = 64;

    /// <summary>
    /// The same on a GPU, where a launch costs more than the masked-out pairs of a small window. Not measured: a choice for few launches.
    /// </summary>
    public const int JoinedTokensOnGpu = 512;

    /// <summary>Tokens of all documents.</summary>
    public int Length { get; } = Documents.Sum();

    /// <summary>Which kind of device joins how many tokens; part of what decides the bits of a run.</summary>
    public static int JoinedTokensOn(DeviceType device) => device == DeviceType.CPU ? JoinedTokens : JoinedTokensOnGpu;

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
