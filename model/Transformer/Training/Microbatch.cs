using MiniMind.Text;

namespace MiniMind.Transformer.Training;

/// <summary>
/// Packed sequences, ready for one forward and backward: all rows one after the other, with the documents inside. Immutable.
/// </summary>
public sealed record Microbatch
{
    /// <summary>Token ids of all rows, N of them.</summary>
    public required IReadOnlyList<long> Tokens { get; init; }

    /// <summary>Position of every token in its document, from 0.</summary>
    public required IReadOnlyList<long> Positions { get; init; }

    /// <summary>Lengths of the documents, in order; they sum to N. A document never crosses the end of a row.</summary>
    public required IReadOnlyList<int> Documents { get; init; }

    /// <summary>Indices of the tokens that have a target, ascending.</summary>
    public required IReadOnlyList<long> TargetIndices { get; init; }

    /// <summary>The id to predict after each token of <see cref="TargetIndices"/>.</summary>
    public required IReadOnlyList<long> Targets { get; init; }

    /// <summary>
    /// Builds a microbatch from rows of <paramref name="length"/> tokens. Targets[i] is the id to predict after Tokens[i], or -1
    /// for none. DocumentStarts are ascending and begin with 0.
    /// </summary>
    /// <exception cref="InputException">A row of another length, or document starts out of order; the row is named.</exception>
    public static Microbatch FromSequences(int length, IReadOnlyList<(int[] Tokens, int[] Targets, int[] DocumentStarts)> rows)
    {
        var tokens = new long[length * rows.Count];
        var positions = new long[tokens.Length];
        var documents = new List<int>();
        var targetIndices = new List<long>();
        var targets = new List<long>();
        foreach (var (index, row) in rows.Index())
        {
            RequireLengths(length, index, row.Tokens, row.Targets);
            AddDocuments(length, index, row.DocumentStarts, documents, positions.AsSpan(index * length, length));
            for (var i = 0; i < length; i++)
            {
                tokens[index * length + i] = row.Tokens[i];
                if (row.Targets[i] < 0) continue;
                targetIndices.Add(index * length + i);
                targets.Add(row.Targets[i]);
            }
        }

        return new Microbatch
        {
            Tokens = tokens,
            Positions = positions,
            Documents = documents,
            TargetIndices = targetIndices.ToArray(),
            Targets = targets.ToArray(),
        };
    }

    private static void RequireLengths(int length, int row, int[] tokens, int[] targets)
    {
        if (tokens.Length != length) throw new InputException($"sequence {row}: expected {length} tokens, found {tokens.Length}");
        if (targets.Length != length) throw new InputException($"sequence {row}: expected {length} targets, found {targets.Length}");
    }

    private static void AddDocuments(int length, int row, int[] starts, List<int> documents, Span<long> positions)
    {
        if (starts.Length == 0 || starts[0] != 0)
            throw new InputException($"sequence {row}: expected its first document at 0, found {(starts.Length == 0 ? "none" : starts[0])}");
        for (var i = 0; i < starts.Length; i++)
        {
            var end = i + 1 < starts.Length ? starts[i + 1] : length;
            if (end <= starts[i] || end > length)
                throw new InputException($"sequence {row}: expected document starts to ascend below {length}, found {starts[i]} before {end}");
            documents.Add(end - starts[i]);
            for (var at = starts[i]; at < end; at++) positions[at] = at - starts[i];
        }
    }
}
