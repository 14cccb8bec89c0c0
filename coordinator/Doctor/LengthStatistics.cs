using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Doctor;

/// <summary>Lengths of documents in tokens, and what becomes of them in sequences of T slots.</summary>
internal sealed class LengthStatistics(PackingOptions packing)
{
    private readonly SortedDictionary<int, long> _documentsOfLength = [];
    private readonly SequencePacker _packer = new(packing);
    private long _targets;
    private long _slots;
    private long _keptIfCut;
    private long _cut;
    private long _targetsKeptIfCut;

    /// <summary>A document, or one side of a pair, of n tokens takes n - 1 slots.</summary>
    public void Add(EncodedDocument document)
    {
        _packer.Add(document);
        AddSide(document);
        if (document.Rejected is { } rejected) AddSide(rejected);
    }

    public LengthReport Finish()
    {
        _packer.Finish();
        var totals = _packer.Totals;
        long documents = _documentsOfLength.Values.Sum();
        return new LengthReport
        {
            SequenceLength = packing.SequenceLength, Documents = documents, Tokens = _documentsOfLength.Sum(pair => pair.Key * pair.Value), Targets = _targets,
            Least = _documentsOfLength.Count > 0 ? _documentsOfLength.First().Key : 0, Most = _documentsOfLength.Count > 0 ? _documentsOfLength.Last().Key : 0,
            Median = Quantile(documents, 0.5), Quantile90 = Quantile(documents, 0.9), Quantile99 = Quantile(documents, 0.99),
            TooLong = _cut, TokensCut = _slots - _keptIfCut, TargetsCut = _targets - _targetsKeptIfCut,
            PaddedSequences = documents, PaddingShare = documents == 0 ? 0 : 1 - (double)_keptIfCut / ((double)documents * packing.SequenceLength),
            PackedSequences = totals.Sequences, PackedFill = totals.Sequences == 0 ? 0 : (double)totals.Tokens / ((double)totals.Sequences * packing.SequenceLength),
            WithoutTarget = totals.Dropped, PackedTargets = totals.Targets, CutInPacking = totals.Cut, TokensCutInPacking = totals.CutTokens,
            Histogram = [.. _documentsOfLength.Select(pair => new LengthCount(pair.Key, pair.Value))],
        };
    }

    private void AddSide(EncodedDocument side)
    {
        int length = side.Ids.Length;
        _documentsOfLength[length] = _documentsOfLength.GetValueOrDefault(length) + 1;
        int slots = Math.Max(0, length - 1);
        // What MiniMind keeps: the first T tokens, of which the last is a target only.
        bool cut = length > packing.SequenceLength;
        int kept = cut ? packing.SequenceLength - 1 : slots;
        _slots += slots;
        _keptIfCut += kept;
        if (cut) _cut++;
        _targets += side.Targets;
        _targetsKeptIfCut += side.TargetMask.AsSpan(Math.Min(1, length), kept).Count(true);
    }

    private int Quantile(long documents, double part)
    {
        long below = 0;
        foreach (var (length, count) in _documentsOfLength)
            if ((below += count) >= part * documents) return length;
        return 0;
    }
}

/// <summary>How many documents have a length.</summary>
internal sealed record LengthCount(int Length, long Documents);

/// <summary>Lengths in tokens. Shares are of slots, 0 to 1.</summary>
internal sealed record LengthReport
{
    public required int SequenceLength { get; init; }

    /// <summary>Documents; each side of a pair is one.</summary>
    public required long Documents { get; init; }
    public required long Tokens { get; init; }

    /// <summary>Tokens that are learned to be predicted.</summary>
    public required long Targets { get; init; }
    public required int Least { get; init; }
    public required int Median { get; init; }
    public required int Quantile90 { get; init; }
    public required int Quantile99 { get; init; }
    public required int Most { get; init; }

    /// <summary>Documents longer than a sequence, and what they would lose to a cut.</summary>
    public required long TooLong { get; init; }
    public required long TokensCut { get; init; }
    public required long TargetsCut { get; init; }

    /// <summary>A sequence for each document, cut and padded.</summary>
    public required long PaddedSequences { get; init; }

    /// <summary>Part of their slots that holds nothing.</summary>
    public required double PaddingShare { get; init; }

    /// <summary>Sequences after packing, with what is to be done with long documents.</summary>
    public required long PackedSequences { get; init; }

    /// <summary>Part of their slots that holds something.</summary>
    public required double PackedFill { get; init; }

    /// <summary>Tokens that are learned of what is packed.</summary>
    public required long PackedTargets { get; init; }

    /// <summary>Documents that packing cuts (sides of pairs at half a sequence), and what they lose.</summary>
    public required long CutInPacking { get; init; }
    public required long TokensCutInPacking { get; init; }

    /// <summary>Documents of which nothing is learned.</summary>
    public required long WithoutTarget { get; init; }
    public required IReadOnlyList<LengthCount> Histogram { get; init; }
}
