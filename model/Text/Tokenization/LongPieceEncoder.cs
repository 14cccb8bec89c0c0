using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// Byte-pair merging of one piece in O(n log n): a linked list of symbols and a queue of the pairs that may merge, lowest rank
/// first, leftmost first among equals. Microsoft.ML.Tokenizers is quadratic in the length of a piece (100,000 Chinese characters
/// without a break take it 8 s), so long pieces come here; the ids are the same.
/// </summary>
internal sealed class LongPieceEncoder
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges = [];
    private readonly int[] _idOfByte = new int[256];

    /// <param name="vocabulary">Token -> id, tokens in the spelling of <see cref="ByteAlphabet"/>.</param>
    /// <param name="merges">Pairs in order of rank.</param>
    public LongPieceEncoder(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges)
    {
        for (int value = 0; value < 256; value++)
            _idOfByte[value] = vocabulary.TryGetValue(ByteAlphabet.CharOf((byte)value).ToString(), out int id) ? id : -1;
        for (int rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            _merges.TryAdd((vocabulary[left], vocabulary[right]), (rank, vocabulary[left + right]));
        }
    }

    /// <summary>Appends the ids of <paramref name="piece"/>. Bytes that the vocabulary lacks are left out, as the reference does.</summary>
    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(piece.Length)];
        int count = Encoding.UTF8.GetBytes(piece, bytes);
        var symbols = new List<int>(count);
        foreach (byte value in bytes.AsSpan(0, count))
            if (_idOfByte[value] >= 0)
                symbols.Add(_idOfByte[value]);
        Merge(symbols, ids);
    }

    private void Merge(List<int> symbols, List<int> ids)
    {
        const int gone = -1;
        int count = symbols.Count;
        var previous = new int[count];
        var next = new int[count];
        for (int i = 0; i < count; i++) (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : gone);
        var queue = new PriorityQueue<(int At, int Left, int Right, int Id), (int Rank, int At)>();

        void Offer(int at)
        {
            if (at < 0 || next[at] < 0) return;
            var pair = (symbols[at], symbols[next[at]]);
            if (_merges.TryGetValue(pair, out var merge)) queue.Enqueue((at, pair.Item1, pair.Item2, merge.Id), (merge.Rank, at));
        }

        for (int i = 0; i + 1 < count; i++) Offer(i);
        while (queue.TryDequeue(out var merge, out _))
        {
            int right = symbols[merge.At] == merge.Left ? next[merge.At] : gone;
            if (right < 0 || symbols[right] != merge.Right) continue; // Stale: an earlier merge took one of the two.
            symbols[merge.At] = merge.Id;
            symbols[right] = gone;
            next[merge.At] = next[right];
            if (next[right] >= 0) previous[next[right]] = merge.At;
            Offer(previous[merge.At]);
            Offer(merge.At);
        }

        for (int at = count > 0 ? 0 : gone; at >= 0; at = next[at]) ids.Add(symbols[at]);
    }
}
