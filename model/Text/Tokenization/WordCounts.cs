using System.Runtime.InteropServices;
using System.Text;

namespace MiniMind.Text.Tokenization;

/// <summary>The distinct pieces of a corpus as UTF-8, and how often each occurs, in order of first appearance.</summary>
internal sealed record WordCounts(IReadOnlyList<byte[]> Words, IReadOnlyList<long> Counts)
{
    public static WordCounts Of(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var bySpan = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (string text in texts)
        {
            for (int at = 0; at < text.Length;)
            {
                int length = PieceScanner.NextLength(text.AsSpan(at));
                CollectionsMarshal.GetValueRefOrAddDefault(bySpan, text.AsSpan(at, length), out _)++;
                at += length;
            }
        }

        return new WordCounts(counts.Keys.Select(Encoding.UTF8.GetBytes).ToList(), [.. counts.Values]);
    }
}
