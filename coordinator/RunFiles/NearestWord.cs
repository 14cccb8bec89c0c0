namespace MiniMind.Coordinator.RunFiles;

/// <summary>What did the user mean?</summary>
internal static class NearestWord
{
    /// <summary>"did you mean 'x'?" when a candidate is close, else the list of candidates.</summary>
    public static string Suggest(string word, IEnumerable<string> candidates)
    {
        var known = candidates.Order(StringComparer.Ordinal).ToList();
        if (known.Count == 0) return "remove it";
        string nearest = known.MinBy(candidate => Distance(word, candidate))!;
        return Distance(word, nearest) <= Math.Max(2, word.Length / 2)
            ? $"did you mean '{nearest}'?"
            : $"known are: {string.Join(", ", known)} (nearest: '{nearest}')";
    }

    /// <summary>Levenshtein distance, ignoring case and the difference between '-' and '_'.</summary>
    private static int Distance(string left, string right)
    {
        (left, right) = (Fold(left), Fold(right));
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int substitution = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[right.Length];
    }

    private static string Fold(string word) => word.ToUpperInvariant().Replace('-', '_');
}
