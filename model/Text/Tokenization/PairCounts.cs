using System.Numerics;

namespace MiniMind.Text.Tokenization;

/// <summary>
/// How often each pair of tokens occurs, and the words in which pairs were gained since the last <see cref="TakeGains"/>. One open-addressed
/// table instead of dictionaries: a lookup per change is what training spends its time on.
/// </summary>
internal sealed class PairCounts
{
    private const long Empty = -1;

    private long[] _pairs = NewPairs(1 << 16);
    private long[] _counts = new long[1 << 16];
    private int[] _gains = NewGains(1 << 16);
    private readonly List<long> _gained = [];
    private int _used;

    /// <summary>Left in the high half: pairs then sort by left id, then right id.</summary>
    public static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    public long this[long pair] => _counts[SlotOf(pair)];

    /// <summary>Changes the count of a pair; an increase also notes the word.</summary>
    public void Add(long pair, long change, int word)
    {
        int slot = SlotOf(pair);
        if (_pairs[slot] == Empty)
        {
            if (_used * 2 >= _pairs.Length)
            {
                Grow();
                slot = SlotOf(pair);
            }

            _pairs[slot] = pair;
            _used++;
        }

        _counts[slot] += change;
        if (change <= 0) return;
        if (_gains[slot] == WordLists.Empty) _gained.Add(pair);
        _gains[slot] = Words.Add(_gains[slot], word);
    }

    /// <summary>The lists of words.</summary>
    public WordLists Words { get; } = new();

    /// <summary>Every pair that gained since the last call, its count now, and the list of words where it did.</summary>
    public IEnumerable<(long Pair, long Count, int Words)> TakeGains()
    {
        foreach (long pair in _gained)
        {
            int slot = SlotOf(pair);
            yield return (pair, _counts[slot], _gains[slot]);
            _gains[slot] = WordLists.Empty;
        }

        _gained.Clear();
    }

    private int SlotOf(long pair)
    {
        int mask = _pairs.Length - 1;
        int slot = (int)(((ulong)pair * 0x9E3779B97F4A7C15) >> (64 - BitOperations.Log2((uint)_pairs.Length)));
        while (_pairs[slot] != pair && _pairs[slot] != Empty) slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        var (pairs, counts, gains) = (_pairs, _counts, _gains);
        _pairs = NewPairs(pairs.Length * 2);
        _counts = new long[_pairs.Length];
        _gains = NewGains(_pairs.Length);
        for (int old = 0; old < pairs.Length; old++)
        {
            if (pairs[old] == Empty) continue;
            int slot = SlotOf(pairs[old]);
            (_pairs[slot], _counts[slot], _gains[slot]) = (pairs[old], counts[old], gains[old]);
        }
    }

    private static int[] NewGains(int size)
    {
        var gains = new int[size];
        Array.Fill(gains, WordLists.Empty);
        return gains;
    }

    private static long[] NewPairs(int size)
    {
        var pairs = new long[size];
        Array.Fill(pairs, Empty);
        return pairs;
    }
}
