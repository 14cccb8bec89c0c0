using System.Globalization;

namespace MiniMind.Text.Packing;

/// <summary>What becomes of a document that is longer than a sequence.</summary>
public enum LongDocuments
{
    /// <summary>Every target is kept: the document becomes pieces, each of which starts with a fresh context.</summary>
    Split,

    /// <summary>Only the first <see cref="PackingOptions.SequenceLength"/> tokens are kept, as MiniMind does.</summary>
    Cut,
}

/// <summary>How documents become sequences.</summary>
public sealed record PackingOptions
{
    /// <summary>Slots T of a sequence: tokens that are inputs, each with at most one target. At least 2.</summary>
    public required int SequenceLength { get; init; }

    public LongDocuments LongDocuments { get; init; } = LongDocuments.Split;

    /// <summary>Id in slots that no document fills.</summary>
    public int Padding { get; init; }

    /// <summary>Pieces sorted and placed together; more of them pack tighter. Default 4096.</summary>
    public int WindowPieces { get; init; } = 4096;

    /// <summary>Slots that may wait in memory, in the window and in open sequences each. Default 4 Mi (about 40 MB).</summary>
    public int WindowSlots { get; init; } = 4 << 20;

    /// <summary>Everything here that changes sequences: part of the key of packed data.</summary>
    public string Settings => string.Create(
        CultureInfo.InvariantCulture, $"packing/2 length={SequenceLength} long={LongDocuments} padding={Padding} window={WindowPieces}/{WindowSlots}");

    /// <exception cref="InputException">An option is out of its range.</exception>
    public void Check()
    {
        if (SequenceLength < 2) throw new InputException($"The sequence length must be at least 2, found {SequenceLength}.");
        if (Padding < 0) throw new InputException($"The padding id must not be negative, found {Padding}.");
        if (WindowPieces < 1 || WindowSlots < 1)
            throw new InputException($"The packing window must be positive, found {WindowPieces} pieces and {WindowSlots} slots.");
    }
}
