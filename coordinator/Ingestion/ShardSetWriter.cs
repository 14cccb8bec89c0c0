using System.Globalization;
using System.Security.Cryptography;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>Packs documents into numbered shards of one folder, a shard per chunk. No sequence spans two chunks.</summary>
/// <param name="folder">Where the shards go.</param>
/// <param name="name">How their names begin.</param>
/// <param name="packing">How documents become sequences.</param>
/// <param name="vocabularyBound">Every id is below it.</param>
/// <param name="known">What was written already; the folder has nothing else.</param>
internal sealed class ShardSetWriter(string folder, string name, PackingOptions packing, int vocabularyBound, ShardSet? known) : IDisposable
{
    private readonly List<ShardEntry> _shards = [.. known?.Shards ?? []];
    private SequencePacker _packer = new(packing);
    private PackingTotals _complete = known?.Totals ?? new PackingTotals();
    private ShardWriter? _writer;

    /// <summary>Complete chunks.</summary>
    public ShardSet Complete => new([.. _shards], _complete);

    public void Add(EncodedDocument document) => Write(_packer.Add(document));

    /// <summary>Writes what waits; the chunk's shard, if it has any sequence, is then on the disk.</summary>
    public void CompleteChunk()
    {
        Write(_packer.Finish());
        _complete += _packer.Totals;
        _packer = new SequencePacker(packing);
        if (_writer is null) return;
        _writer.Complete();
        long sequences = _writer.Count;
        _writer.Dispose();
        _writer = null;
        using var file = File.OpenRead(Path.Combine(folder, FileName));
        _shards.Add(new ShardEntry(FileName, Convert.ToHexStringLower(SHA256.HashData(file)), file.Length, sequences));
    }

    public ShardManifest ToManifest() => new()
    {
        SequenceLength = packing.SequenceLength,
        VocabularyBound = vocabularyBound,
        Shards = _shards,
        Totals = _complete,
    };

    public void Dispose() => _writer?.Dispose();

    private string FileName => string.Create(CultureInfo.InvariantCulture, $"{name}-{_shards.Count:00000}.shard");

    private void Write(IReadOnlyList<PackedSequence> sequences)
    {
        foreach (var sequence in sequences)
        {
            _writer ??= new ShardWriter(Path.Combine(folder, FileName), packing.SequenceLength, vocabularyBound);
            _writer.Write(sequence);
        }
    }
}

/// <summary>Shards that are on the disk, and what is in them.</summary>
internal sealed record ShardSet(IReadOnlyList<ShardEntry> Shards, PackingTotals Totals);
