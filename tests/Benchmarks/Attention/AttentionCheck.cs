using MiniMind.Transformer.Runtime;
using static TorchSharp.torch;

namespace MiniMind.Benchmarks.Attention;

/// <summary>What a cheaper way may not cost: compares every variant with documents computed alone, and with itself.</summary>
internal static class AttentionCheck
{
    private const double MostDistance = 1e-6;

    /// <summary>Writes one Markdown row per workload and variant; returns the number of variants that are not what they say.</summary>
    public static int Write(TextWriter output)
    {
        output.WriteLine("| workload | variant | distance from documents alone | same bits again | with 2 threads | beside other tokens | beside other lengths |");
        output.WriteLine("|---|---|---|---|---|---|---|");
        var wrong = 0;
        foreach (var workload in Workload.All)
        {
            TorchRuntime.Initialize(threads: 1);
            var rows = workload.Microbatches(1, seed: 3)[0];
            using var heads = new HeadTensors(workload.Model, rows.Tokens, seed: 4);
            var alone = AttentionResult.Reference(rows.Documents, heads);
            foreach (var variant in AttentionVariant.All)
            {
                var row = Examine(variant, rows, heads, alone);
                output.WriteLine($"| {workload} | {variant} | {row.Distance:0.0e+0} | {row.Again} | {row.TwoThreads} | {row.OtherTokens} | {row.OtherLengths} |");
                if (variant.KeepsDocumentsApart != (row.Distance <= MostDistance && row is { Again: true, TwoThreads: true, OtherTokens: true })) wrong++;
            }
        }

        return wrong;
    }

    private static (double Distance, bool Again, bool TwoThreads, bool OtherTokens, bool OtherLengths) Examine(
        AttentionVariant variant, DocumentRows rows, HeadTensors heads, AttentionResult alone)
    {
        var first = Compute(variant, rows, heads);
        var again = Compute(variant, rows, heads);
        TorchRuntime.Initialize(threads: 2);
        var twoThreads = Compute(variant, rows, heads);
        TorchRuntime.Initialize(threads: 1);
        // The last document of the first row keeps its tokens; whatever stands before it changes.
        var length = rows.Rows[0][^1];
        var start = rows.SequenceLength - length;
        using (heads.WithOthersBefore(start))
        {
            var otherTokens = Compute(variant, rows, heads);
            var otherLengths = Compute(variant, rows with { Rows = [OtherLengths(rows.Rows[0]), .. rows.Rows.Skip(1)] }, heads);
            return (first.DistanceFrom(alone), Same(again, 0, rows.Tokens), Same(twoThreads, 0, rows.Tokens), Same(otherTokens, start, length), Same(otherLengths, start, length));
        }

        bool Same(AttentionResult other, int from, int count) => first.HasSameBits(other, rows.Tokens, from, count);
    }

    private static AttentionResult Compute(AttentionVariant variant, DocumentRows rows, HeadTensors heads)
    {
        var attention = variant.Create(rows, CPU);
        using var release = attention as IDisposable;
        return AttentionResult.Of(attention, heads);
    }

    /// <summary>Documents before the last one: their first token becomes a document of its own, or all become one.</summary>
    private static int[] OtherLengths(int[] row) => row.Length switch
    {
        1 => row,
        2 => row[0] == 1 ? row : [1, row[0] - 1, row[1]],
        _ => [row[..^1].Sum(), row[^1]],
    };
}
