using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>Turns pieces into tokens, and remembers those of short pieces, which come again and again. Thread-safe.</summary>
internal sealed class PieceEncoder
{
    /// <summary>Pieces, in chars, that are worth remembering.</summary>
    private const int Remembered = 24;
    private const int CacheSize = 1 << 15;

    private readonly MergeTable _merges;
    private readonly int[] _idOfByte = new int[256];

    // Each piece has one place, where a later one may replace it: bounded, and no lock is needed.
    private readonly Known?[] _known = new Known?[CacheSize];

    /// <param name="vocabulary">Token -> id, tokens in the spelling of <see cref="ByteAlphabet"/>.</param>
    /// <param name="merges">Pairs in order of rank.</param>
    public PieceEncoder(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges)
    {
        _merges = new MergeTable(vocabulary, merges);
        for (int value = 0; value < 256; value++)
            _idOfByte[value] = vocabulary.TryGetValue(ByteAlphabet.CharOf((byte)value).ToString(), out int id) ? id : -1;
    }

    /// <summary>Appends the ids of <paramref name="piece"/>. Bytes that the vocabulary lacks are left out, as the reference does.</summary>
    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (piece.Length > Remembered)
        {
            Merge(piece, ids);
            return;
        }

        int hash = string.GetHashCode(piece);
        ref var place = ref _known[hash & (CacheSize - 1)];
        var known = Volatile.Read(ref place);
        if (known is null || known.Hash != hash || !piece.SequenceEqual(known.Piece))
        {
            int before = ids.Count;
            Merge(piece, ids);
            Volatile.Write(ref place, new Known(hash, piece.ToString(), CollectionsMarshal.AsSpan(ids)[before..].ToArray()));
            return;
        }

        ids.AddRange(known.Ids.AsSpan());
    }

    private void Merge(ReadOnlySpan<char> piece, List<int> ids)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(piece.Length));
        int count = Encoding.UTF8.GetBytes(piece, bytes);
        int before = ids.Count;
        CollectionsMarshal.SetCount(ids, before + count);
        var symbols = CollectionsMarshal.AsSpan(ids)[before..];
        int present = 0;
        foreach (byte value in bytes.AsSpan(0, count))
            if (_idOfByte[value] >= 0)
                symbols[present++] = _idOfByte[value];
        ArrayPool<byte>.Shared.Return(bytes);
        CollectionsMarshal.SetCount(ids, before + PieceMerger.Merge(symbols[..present], _merges));
    }

    private sealed record Known(int Hash, string Piece, int[] Ids);
}
