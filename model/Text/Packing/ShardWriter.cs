using System.Buffers.Binary;

namespace MiniMind.Text.Packing;

/// <summary>
/// Writes sequences to one shard file (see <see cref="ShardFormat"/>). The file is complete only after <see cref="Complete"/>; without
/// it, disposing leaves a file that no reader accepts.
/// </summary>
public sealed class ShardWriter : IDisposable
{
    private readonly FileStream _file;
    private readonly int _length;
    private readonly int _vocabularyBound;
    private readonly byte[] _row;
    private readonly List<long> _firstDocuments = [];
    private readonly List<(int Slot, int Closing)> _documents = [];

    /// <param name="path">A file that does not exist yet.</param>
    /// <param name="sequenceLength">Slots T of every sequence.</param>
    /// <param name="vocabularyBound">Every id is below it.</param>
    public ShardWriter(string path, int sequenceLength, int vocabularyBound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequenceLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularyBound, 1);
        (_length, _vocabularyBound) = (sequenceLength, vocabularyBound);
        _row = new byte[Format.RowSize];
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 20);
        _file.Write(new byte[ShardFormat.HeaderSize]);
    }

    /// <summary>Sequences written.</summary>
    public long Count => _firstDocuments.Count;

    /// <summary>Bytes that the complete file has.</summary>
    public long Size => Format.FileSize;

    private ShardFormat Format => new(_length, _vocabularyBound, _firstDocuments.Count, _documents.Count);

    /// <exception cref="ArgumentException">The sequence has another length, an id outside the vocabulary, or broken document starts.</exception>
    public void Write(PackedSequence sequence)
    {
        if (sequence.Tokens.Length != _length || sequence.Targets.Length != _length)
            throw new ArgumentException($"A sequence of {sequence.Tokens.Length} slots in a shard of {_length}.", nameof(sequence));
        DocumentBounds.Check(sequence.DocumentStarts, _length, fault => new ArgumentException(fault, nameof(sequence)));
        Array.Clear(_row);
        for (int slot = 0; slot < _length; slot++) PutId(slot, sequence.Tokens[slot]);
        _firstDocuments.Add(_documents.Count);
        for (int document = 0; document < sequence.DocumentStarts.Length; document++)
        {
            int first = sequence.DocumentStarts[document];
            int end = document + 1 < sequence.DocumentStarts.Length ? sequence.DocumentStarts[document + 1] : _length;
            PutTargets(sequence, first, end);
        }

        _file.Write(_row);
    }

    /// <summary>Writes index and header, and flushes to the disk.</summary>
    public void Complete()
    {
        var entry = new byte[ShardFormat.DocumentSize];
        foreach (long first in _firstDocuments.Append(_documents.Count))
        {
            BinaryPrimitives.WriteInt64LittleEndian(entry, first);
            _file.Write(entry);
        }

        foreach (var (slot, closing) in _documents)
        {
            BinaryPrimitives.WriteInt32LittleEndian(entry, slot);
            BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(4), closing);
            _file.Write(entry);
        }

        _file.Position = 0;
        _file.Write(Format.ToHeader());
        _file.Flush(flushToDisk: true);
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private void PutTargets(PackedSequence sequence, int first, int end)
    {
        int closing = 0;
        for (int slot = first; slot < end; slot++)
        {
            int target = sequence.Targets[slot];
            if (target == PackedSequence.NoTarget) continue;
            if (slot + 1 == end) closing = Checked(target);
            else if (target != sequence.Tokens[slot + 1])
                throw new ArgumentException($"Slot {slot} predicts {target}, but the next token of its document is {sequence.Tokens[slot + 1]}.", nameof(sequence));
            _row[_length * Format.IdSize + (slot >> 3)] |= (byte)(1 << (slot & 7));
        }

        _documents.Add((first, closing));
    }

    private void PutId(int slot, int id)
    {
        if (Format.IdSize == 2) BinaryPrimitives.WriteUInt16LittleEndian(_row.AsSpan(slot * 2), (ushort)Checked(id));
        else BinaryPrimitives.WriteInt32LittleEndian(_row.AsSpan(slot * 4), Checked(id));
    }

    private int Checked(int id) =>
        (uint)id < (uint)_vocabularyBound ? id : throw new ArgumentException($"Id {id} is outside a vocabulary of {_vocabularyBound}.", nameof(id));
}
