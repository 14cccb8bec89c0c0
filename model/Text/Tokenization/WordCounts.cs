using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace MiniMind.Text.Tokenization;

/// <summary>The distinct pieces of a corpus, and how often each occurs. In no particular order: training does not depend on it.</summary>
internal sealed class WordCounts
{
    private const int BatchChars = 1 << 18;
    private const int BatchesAhead = 2;

    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Distinct pieces.</summary>
    public int Count => _counts.Count;

    /// <summary>Pieces with their counts.</summary>
    public IEnumerable<KeyValuePair<string, long>> All => _counts;

    /// <summary>Reads all texts once, on the calling thread, and counts on several; a few batches of texts are in memory at a time.</summary>
    public static WordCounts Of(IEnumerable<string> texts, int threads)
    {
        var batches = Channel.CreateBounded<List<string>>(threads * BatchesAhead);
        var counting = Enumerable.Range(0, threads).Select(_ => Task.Run(() => CountAsync(batches))).ToArray();
        try
        {
            foreach (var batch in Batches(texts)) batches.Writer.WriteAsync(batch).AsTask().GetAwaiter().GetResult();
        }
        finally
        {
            batches.Writer.TryComplete();
            Task.WaitAll(counting);
        }

        var total = counting[0].Result;
        foreach (var other in counting.Skip(1))
        {
            foreach (var (piece, count) in other.Result._counts) CollectionsMarshal.GetValueRefOrAddDefault(total._counts, piece, out _) += count;
            other.Result._counts.Clear();
        }

        return total;
    }

    private static IEnumerable<List<string>> Batches(IEnumerable<string> texts)
    {
        var batch = new List<string>();
        int chars = 0;
        foreach (string text in texts)
        {
            batch.Add(text);
            chars += text.Length;
            if (chars < BatchChars) continue;
            yield return batch;
            (batch, chars) = ([], 0);
        }

        yield return batch;
    }

    private static async Task<WordCounts> CountAsync(Channel<List<string>> batches)
    {
        try
        {
            var words = new WordCounts();
            await foreach (var batch in batches.Reader.ReadAllAsync())
                foreach (string text in batch) words.Add(text);
            return words;
        }
        catch (Exception fault)
        {
            // Who writes must not wait for readers that are no more.
            batches.Writer.TryComplete(fault);
            throw;
        }
    }

    private void Add(string text)
    {
        var counts = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int at = 0; at < text.Length;)
        {
            int length = PieceScanner.NextLength(text.AsSpan(at));
            CollectionsMarshal.GetValueRefOrAddDefault(counts, text.AsSpan(at, length), out _)++;
            at += length;
        }
    }
}
