using System.Globalization;
using System.Security.Cryptography;
using MiniMind.Text.Datasets;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>Packs documents into numbered shards of one folder.</summary>
internal sealed class ShardSetWriter(string folder, string name, PackingOptions packing, int vocabularyBound, int sequencesPerShard) : IDisposable
{
    private readonly SequencePacker _packer = new(packing);
    private readonly List<ShardEntry> _shards = [];
    private ShardWriter? _writer;

    /// <summary>Documents given so far.</summary>
    public long Documents => _packer.Totals.Documents + _packer.Totals.Dropped;

    public void Add(EncodedDocument document) => Write(_packer.Add(document));

    /// <summary>Writes what waits, and the manifest beside the shards.</summary>
    public ShardManifest Complete()
    {
        Write(_packer.Finish());
        CompleteShard();
        return new ShardManifest
        {
            SequenceLength = packing.SequenceLength,
            VocabularyBound = vocabularyBound,
            Shards = _shards,
            Totals = _packer.Totals,
        };
    }

    public void Dispose() => _writer?.Dispose();

    private string FileName => string.Create(CultureInfo.InvariantCulture, $"{name}-{_shards.Count:00000}.shard");

    private void Write(IReadOnlyList<PackedSequence> sequences)
    {
        foreach (var sequence in sequences)
        {
            _writer ??= new ShardWriter(Path.Combine(folder, FileName), packing.SequenceLength, vocabularyBound);
            _writer.Write(sequence);
            if (_writer.Count >= sequencesPerShard) CompleteShard();
        }
    }

    private void CompleteShard()
    {
        if (_writer is null) return;
        _writer.Complete();
        long sequences = _writer.Count;
        _writer.Dispose();
        _writer = null;
        using var file = File.OpenRead(Path.Combine(folder, FileName));
        _shards.Add(new ShardEntry(FileName, Convert.ToHexStringLower(SHA256.HashData(file)), file.Length, sequences));
    }
}
