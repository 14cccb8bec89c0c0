using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace MiniMind.Text.Packing;

/// <summary>Reads sequences of a shard at need, by their number. Thread-safe; holds the file open, and nothing of it in memory.</summary>
public sealed class ShardReader : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly ShardFormat _format;

    private ShardReader(SafeFileHandle file, string path, ShardFormat format) => (_file, _path, _format) = (file, path, format);

    /// <summary>Sequences in the shard.</summary>
    public long Count => _format.Sequences;

    /// <summary>Slots T of every sequence.</summary>
    public int SequenceLength => _format.SequenceLength;

    /// <summary>Every id is below it.</summary>
    public int VocabularyBound => _format.VocabularyBound;

    /// <summary>Opens a shard and checks its header against its size. Contents are checked as they are read.</summary>
    /// <exception cref="InputException">The file is missing, no shard, or damaged.</exception>
    public static ShardReader Open(string path)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path);
            var header = new byte[ShardFormat.HeaderSize];
            int count = RandomAccess.Read(file, header, 0);
            return new ShardReader(file, path, ShardFormat.FromHeader(header.AsSpan(0, count), RandomAccess.GetLength(file), path));
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: expected a shard, found no file.", fault);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="InputException">The shard's contents are damaged.</exception>
    public PackedSequence Read(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var row = ReadAt(ShardFormat.HeaderSize + index * _format.RowSize, _format.RowSize);
        var tokens = ReadTokens(row, index);
        var (starts, closings) = ReadDocuments(index);
        var targets = ReadTargets(row.AsSpan(SequenceLength * _format.IdSize), tokens, starts, closings);
        return new PackedSequence { Tokens = tokens, Targets = targets, DocumentStarts = starts };
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private int[] ReadTokens(byte[] row, long index)
    {
        var tokens = new int[SequenceLength];
        for (int slot = 0; slot < tokens.Length; slot++)
        {
            tokens[slot] = _format.IdSize == 2
                ? BinaryPrimitives.ReadUInt16LittleEndian(row.AsSpan(slot * 2))
                : BinaryPrimitives.ReadInt32LittleEndian(row.AsSpan(slot * 4));
            if ((uint)tokens[slot] >= (uint)VocabularyBound) throw Damaged(index, $"id {tokens[slot]} is outside the vocabulary of {VocabularyBound}");
        }

        return tokens;
    }

    private (int[] Starts, int[] Closings) ReadDocuments(long index)
    {
        var bounds = ReadAt(_format.IndexOffset + index * sizeof(long), 2 * sizeof(long));
        long first = BinaryPrimitives.ReadInt64LittleEndian(bounds);
        long end = BinaryPrimitives.ReadInt64LittleEndian(bounds.AsSpan(sizeof(long)));
        if (first < 0 || end <= first || end > _format.Documents || end - first > SequenceLength)
            throw Damaged(index, $"its documents are {first} to {end} of {_format.Documents}");
        int count = (int)(end - first);
        var entries = ReadAt(_format.DocumentsOffset + first * ShardFormat.DocumentSize, count * ShardFormat.DocumentSize);
        var starts = new int[count];
        var closings = new int[count];
        for (int i = 0; i < count; i++)
        {
            starts[i] = BinaryPrimitives.ReadInt32LittleEndian(entries.AsSpan(i * ShardFormat.DocumentSize));
            closings[i] = BinaryPrimitives.ReadInt32LittleEndian(entries.AsSpan(i * ShardFormat.DocumentSize + 4));
            if ((uint)closings[i] >= (uint)VocabularyBound) throw Damaged(index, $"id {closings[i]} is outside the vocabulary of {VocabularyBound}");
        }

        DocumentBounds.Check(starts, SequenceLength, fault => Damaged(index, fault));
        return (starts, closings);
    }

    private static int[] ReadTargets(ReadOnlySpan<byte> mask, int[] tokens, int[] starts, int[] closings)
    {
        var targets = new int[tokens.Length];
        for (int document = 0; document < starts.Length; document++)
        {
            int end = document + 1 < starts.Length ? starts[document + 1] : tokens.Length;
            for (int slot = starts[document]; slot < end; slot++)
            {
                bool isTarget = (mask[slot >> 3] & (1 << (slot & 7))) != 0;
                int following = slot + 1 < end ? tokens[slot + 1] : closings[document];
                targets[slot] = isTarget ? following : PackedSequence.NoTarget;
            }
        }

        return targets;
    }

    private byte[] ReadAt(long offset, int size)
    {
        var bytes = new byte[size];
        int done = 0;
        while (done < size)
        {
            int count = RandomAccess.Read(_file, bytes.AsSpan(done), offset + done);
            if (count == 0) throw new InputException($"{_path}: the shard ends at byte {offset + done}: it was cut while open.");
            done += count;
        }

        return bytes;
    }

    private InputException Damaged(long index, string found) => new($"{_path}: sequence {index} is damaged: {found}.");
}
