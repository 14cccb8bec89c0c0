namespace MiniMind.Text.Packing;

/// <summary>
/// A part of a document that goes into one sequence: tokens First to First + Slots of it. The last one is a target only, so Slots + 1
/// tokens take Slots slots.
/// </summary>
internal readonly record struct Piece(int[] Ids, bool[] TargetMask, int First, int Slots)
{
    /// <summary>Slots with a target.</summary>
    public int Targets => TargetMask.AsSpan(First + 1, Slots).Count(true);

    /// <summary>The same piece without the rest of its document, which would be held in memory for as long as the piece waits.</summary>
    public Piece Alone() =>
        Ids.Length <= 2 * (Slots + 1) ? this : new Piece(Ids[First..(First + Slots + 1)], TargetMask[First..(First + Slots + 1)], 0, Slots);

    /// <summary>Writes inputs and targets to the slots from <paramref name="at"/>.</summary>
    public void CopyTo(int[] tokens, int[] targets, int at)
    {
        Ids.AsSpan(First, Slots).CopyTo(tokens.AsSpan(at));
        for (int i = 0; i < Slots; i++)
            targets[at + i] = TargetMask[First + i + 1] ? Ids[First + i + 1] : PackedSequence.NoTarget;
    }
}
