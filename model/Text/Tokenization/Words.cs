using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>Words as symbols, all in one array: at first their bytes, later the tokens that these merged to.</summary>
internal sealed class Words
{
    private readonly int[] _symbols;
    private readonly int[] _starts;
    private readonly int[] _lengths;
    private readonly long[] _counts;

    private Words(int words, int bytes) =>
        (_symbols, _starts, _lengths, _counts) = (new int[bytes], new int[words], new int[words], new long[words]);

    /// <summary>Distinct words.</summary>
    public int Count => _starts.Length;

    /// <exception cref="InputException">The words do not fit in memory's largest array: more than two thousand million bytes.</exception>
    public static Words Of(WordCounts counts)
    {
        long bytes = counts.All.Sum(word => (long)Encoding.UTF8.GetByteCount(word.Key));
        if (bytes > Array.MaxLength) throw new InputException($"The texts have {counts.Count:N0} different words of {bytes:N0} bytes, too many to train on; take a sample of them.");
        var words = new Words(counts.Count, (int)bytes);
        Span<byte> utf8 = new byte[256];
        int at = 0;
        foreach (var ((word, count), index) in counts.All.Select((word, index) => (word, index)))
        {
            if (utf8.Length < 3 * word.Length) utf8 = new byte[3 * word.Length];
            int length = Encoding.UTF8.GetBytes(word, utf8);
            for (int i = 0; i < length; i++) words._symbols[at + i] = utf8[i];
            (words._starts[index], words._lengths[index], words._counts[index]) = (at, length, count);
            at += length;
        }

        return words;
    }

    /// <summary>A word's symbols, to be read and written.</summary>
    public Span<int> Symbols(int word) => _symbols.AsSpan(_starts[word], _lengths[word]);

    /// <summary>How often a word occurs.</summary>
    public long CountOf(int word) => _counts[word];

    /// <summary>Only the first symbols of a word are left.</summary>
    public void Shorten(int word, int length) => _lengths[word] = length;

    /// <summary>Puts another symbol in the place of each.</summary>
    public void Replace(int[] symbols)
    {
        foreach (ref int symbol in _symbols.AsSpan()) symbol = symbols[symbol];
    }
}
