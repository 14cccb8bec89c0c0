using MiniMind.Text.Datasets;

namespace MiniMind.Coordinator.Doctor;

/// <summary>A few documents, chosen by seed and content alone.</summary>
internal sealed class SampledDocuments(int count, ulong seed)
{
    private readonly PriorityQueue<(LinePlaceInFile Place, EncodedDocument Document), ulong> _kept = new();

    /// <summary>In the order of their lines.</summary>
    public IReadOnlyList<(LinePlaceInFile Place, EncodedDocument Document)> All =>
        [.. _kept.UnorderedItems.Select(item => item.Element).OrderBy(sample => (sample.Place.File, sample.Place.Number))];

    public void Add(LinePlaceInFile place, ulong hash, EncodedDocument document)
    {
        if (count == 0) return;
        ulong draw = (hash ^ seed) * 0x9E3779B97F4A7C15;
        // The greatest draw is the first to go.
        _kept.Enqueue((place, document), ulong.MaxValue - draw);
        if (_kept.Count > count) _kept.Dequeue();
    }
}
