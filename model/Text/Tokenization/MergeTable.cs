namespace MiniMind.Text.Tokenization;

/// <summary>Which pairs of tokens merge, at which rank, and to which token. One open-addressed table, small enough for a processor's cache.</summary>
internal sealed class MergeTable
{
    /// <summary>Rank of a pair that does not merge.</summary>
    public const int NoRank = int.MaxValue;

    private const long Empty = -1;

    private readonly long[] _pairs;
    private readonly (int Rank, int Id)[] _merges;
    private readonly int _shift;

    /// <param name="vocabulary">Token -> id.</param>
    /// <param name="merges">Pairs in order of rank; of a repeated one the last counts, as in the reference.</param>
    public MergeTable(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges)
    {
        int bits = 4;
        while (1 << bits < merges.Count * 3) bits++;
        _shift = 64 - bits;
        _pairs = new long[1 << bits];
        _merges = new (int, int)[1 << bits];
        Array.Fill(_pairs, Empty);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            long pair = PairCounts.Pair(vocabulary[left], vocabulary[right]);
            int slot = SlotOf(pair);
            _pairs[slot] = pair;
            _merges[slot] = (rank, vocabulary[left + right]);
        }
    }

    /// <summary>Rank of a pair and the token that it becomes; <see cref="NoRank"/> when it does not merge.</summary>
    public (int Rank, int Id) Find(int left, int right)
    {
        long pair = PairCounts.Pair(left, right);
        int slot = SlotOf(pair);
        return _pairs[slot] == pair ? _merges[slot] : (NoRank, -1);
    }

    private int SlotOf(long pair)
    {
        int mask = _pairs.Length - 1;
        int slot = (int)((ulong)pair * 0x9E3779B97F4A7C15 >> _shift);
        while (_pairs[slot] != pair && _pairs[slot] != Empty) slot = (slot + 1) & mask;
        return slot;
    }
}
