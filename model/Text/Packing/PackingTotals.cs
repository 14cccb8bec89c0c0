namespace MiniMind.Text.Packing;

/// <summary>What went into sequences.</summary>
public sealed record PackingTotals
{
    /// <summary>Documents with at least one slot in a sequence.</summary>
    public long Documents { get; init; }

    /// <summary>Sequences complete so far.</summary>
    public long Sequences { get; init; }

    /// <summary>Slots that hold a document's token.</summary>
    public long Tokens { get; init; }

    /// <summary>Slots with a target.</summary>
    public long Targets { get; init; }

    /// <summary>Documents left out because nothing in them, or in what the cut leaves of them, is a target.</summary>
    public long Dropped { get; init; }

    /// <summary>Those of them that have a target in what is cut off.</summary>
    public long DroppedByCut { get; init; }

    /// <summary>Pieces of split documents left out because nothing in them is a target, though another piece of the document has one.</summary>
    public long DroppedPieces { get; init; }

    /// <summary>Tokens in these pieces.</summary>
    public long DroppedPieceTokens { get; init; }

    /// <summary>Documents in sequences that lost their end: to <see cref="LongDocuments.Cut"/>, or as a side of a pair that is longer than half a sequence.</summary>
    public long Cut { get; init; }

    /// <summary>Tokens that they lost.</summary>
    public long CutTokens { get; init; }

    /// <summary>Sums of everything.</summary>
    public static PackingTotals operator +(PackingTotals left, PackingTotals right) => new()
    {
        Documents = left.Documents + right.Documents, Sequences = left.Sequences + right.Sequences, Tokens = left.Tokens + right.Tokens,
        Targets = left.Targets + right.Targets, Cut = left.Cut + right.Cut, CutTokens = left.CutTokens + right.CutTokens,
        Dropped = left.Dropped + right.Dropped, DroppedByCut = left.DroppedByCut + right.DroppedByCut,
        DroppedPieces = left.DroppedPieces + right.DroppedPieces, DroppedPieceTokens = left.DroppedPieceTokens + right.DroppedPieceTokens,
    };
}
