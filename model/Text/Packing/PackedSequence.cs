namespace MiniMind.Text.Packing;

/// <summary>
/// A sequence of T slots that several documents share. Attention and positions restart where a document does. Slots at the end that
/// no document fills form one last document of padding without targets.
/// </summary>
public sealed class PackedSequence
{
    /// <summary>Target of a slot that has none.</summary>
    public const int NoTarget = -1;

    /// <summary>[T] input ids.</summary>
    public required int[] Tokens { get; init; }

    /// <summary>[T] the id to predict after Tokens[i], or <see cref="NoTarget"/>.</summary>
    public required int[] Targets { get; init; }

    /// <summary>Slots where documents start: ascending, the first is 0.</summary>
    public required int[] DocumentStarts { get; init; }
}
