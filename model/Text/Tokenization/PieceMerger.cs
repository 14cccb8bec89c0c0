using System.Runtime.InteropServices;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// Merges the tokens of one piece, in place: the pair of the lowest rank first, the leftmost first among equals (Sennrich et al. 2016). Short pieces are searched
/// from end to end for every merge; long ones keep their pairs in a heap, so that no piece takes more than O(n log n).
/// </summary>
internal static class PieceMerger
{
    /// <summary>From this length on a heap is faster.</summary>
    private const int Long = 96;

    /// <param name="symbols">The piece's tokens; the first ones are replaced by what they merge to.</param>
    /// <param name="merges">Which pairs merge.</param>
    /// <returns>How many tokens are left.</returns>
    public static int Merge(Span<int> symbols, MergeTable merges) =>
        symbols.Length < Long ? MergeShort(symbols, merges) : MergeLong(symbols, merges);

    private static int MergeShort(Span<int> symbols, MergeTable merges)
    {
        int count = symbols.Length;
        Span<int> ranks = stackalloc int[Long];
        for (int at = 0; at + 1 < count; at++) ranks[at] = merges.Find(symbols[at], symbols[at + 1]).Rank;
        while (count > 1)
        {
            int best = 0;
            for (int at = 1; at + 1 < count; at++)
                if (ranks[at] < ranks[best]) best = at;
            if (ranks[best] == MergeTable.NoRank) break;
            symbols[best] = merges.Find(symbols[best], symbols[best + 1]).Id;
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            ranks[Math.Min(best + 2, count)..count].CopyTo(ranks[(best + 1)..]);
            count--;
            if (best > 0) ranks[best - 1] = merges.Find(symbols[best - 1], symbols[best]).Rank;
            if (best + 1 < count) ranks[best] = merges.Find(symbols[best], symbols[best + 1]).Rank;
        }

        return count;
    }

    private static int MergeLong(Span<int> symbols, MergeTable merges)
    {
        var list = new LinkedSymbols(symbols.Length);
        for (int at = 0; at + 1 < symbols.Length; at++) list.Offer(at, symbols, merges);
        while (list.TryTake(out int at))
        {
            symbols[at] = merges.Find(symbols[at], symbols[list.Next(at)]).Id;
            list.RemoveAfter(at);
            if (list.Previous(at) >= 0) list.Offer(list.Previous(at), symbols, merges);
            list.Offer(at, symbols, merges);
        }

        int kept = 0;
        for (int at = 0; at >= 0; at = list.Next(at)) symbols[kept++] = symbols[at];
        return kept;
    }

    /// <summary>The symbols that are left, each with its neighbours and the rank of its pair, and a heap of these pairs.</summary>
    private sealed class LinkedSymbols(int count)
    {
        private const int End = -1;

        private readonly int[] _previous = [.. Enumerable.Range(-1, count)];
        private readonly int[] _next = [.. Enumerable.Range(1, count - 1), End];
        private readonly int[] _ranks = NoRanks(count);

        // Rank above, position below: the smallest is the leftmost pair of the lowest rank.
        private readonly List<ulong> _heap = new(count);

        public int Previous(int at) => _previous[at];

        public int Next(int at) => _next[at];

        /// <summary>The pair that begins at a symbol is another one now.</summary>
        public void Offer(int at, ReadOnlySpan<int> symbols, MergeTable merges)
        {
            _ranks[at] = _next[at] == End ? MergeTable.NoRank : merges.Find(symbols[at], symbols[_next[at]]).Rank;
            if (_ranks[at] != MergeTable.NoRank) Push(((ulong)_ranks[at] << 32) | (uint)at);
        }

        /// <summary>Takes the pair to merge next; those that are not there any more are passed over.</summary>
        public bool TryTake(out int at)
        {
            while (_heap.Count > 0)
            {
                ulong top = Pop();
                at = (int)(uint)top;
                if (_ranks[at] == (int)(top >> 32)) return true;
            }

            at = End;
            return false;
        }

        public void RemoveAfter(int at)
        {
            int gone = _next[at];
            _next[at] = _next[gone];
            if (_next[gone] != End) _previous[_next[gone]] = at;
            _ranks[gone] = MergeTable.NoRank;
        }

        private static int[] NoRanks(int count)
        {
            var ranks = new int[count];
            Array.Fill(ranks, MergeTable.NoRank);
            return ranks;
        }

        private void Push(ulong item)
        {
            _heap.Add(item);
            var heap = CollectionsMarshal.AsSpan(_heap);
            int at = heap.Length - 1;
            for (int parent = (at - 1) >> 1; at > 0 && heap[parent] > item; parent = (at - 1) >> 1) (heap[at], at) = (heap[parent], parent);
            heap[at] = item;
        }

        private ulong Pop()
        {
            var heap = CollectionsMarshal.AsSpan(_heap);
            var (top, last) = (heap[0], heap[^1]);
            _heap.RemoveAt(_heap.Count - 1);
            heap = heap[..^1];
            int at = 0;
            for (int child = 1; child < heap.Length; child = 2 * at + 1)
            {
                if (child + 1 < heap.Length && heap[child + 1] < heap[child]) child++;
                if (heap[child] >= last) break;
                (heap[at], at) = (heap[child], child);
            }

            if (heap.Length > 0) heap[at] = last;
            return top;
        }
    }
}
