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

    /// <summary>Documents left out because nothing in them is a target.</summary>
    public long Dropped { get; init; }

    /// <summary>Documents that lost their end to <see cref="LongDocuments.Cut"/>.</summary>
    public long Cut { get; init; }
}
