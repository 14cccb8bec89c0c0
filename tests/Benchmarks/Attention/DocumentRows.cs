namespace MiniMind.Benchmarks.Attention;

/// <summary>The documents of one microbatch.</summary>
/// <param name="SequenceLength">Tokens of every row.</param>
/// <param name="Rows">Lengths of the documents of every row, in order; each row sums to <paramref name="SequenceLength"/>.</param>
public sealed record DocumentRows(int SequenceLength, IReadOnlyList<int[]> Rows)
{
    /// <summary>N tokens of all rows.</summary>
    public int Tokens => SequenceLength * Rows.Count;

    /// <summary>All documents, row after row.</summary>
    public IReadOnlyList<int> Documents => [.. Rows.SelectMany(row => row)];
}
