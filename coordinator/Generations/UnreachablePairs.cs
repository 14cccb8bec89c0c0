namespace MiniMind.Coordinator.Generations;

/// <summary>
/// Pairs of workers that could not reach each other. They are kept apart for a while, and for twice as long each time that they fail again soon after, lest they
/// disturb all others time and again; but not for so long that a mended network would go unnoticed.
/// </summary>
internal sealed class UnreachablePairs(TimeProvider time)
{
    private const int MostDoublings = 2;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(2);

    private readonly Dictionary<(string One, string Other), (long Since, TimeSpan For)> _pairs = [];

    /// <summary>Who is to be kept apart now.</summary>
    public IReadOnlyList<(string One, string Other)> Now => [.. _pairs.Where(pair => Since(pair.Value.Since) <= pair.Value.For).Select(pair => pair.Key)];

    /// <summary>One of them says that it cannot reach the other.</summary>
    public void Add(string one, string other)
    {
        // Whoever of the two says so first.
        var pair = string.CompareOrdinal(one, other) <= 0 ? (one, other) : (other, one);
        var lasts = First;
        if (_pairs.TryGetValue(pair, out var known))
        {
            var together = Since(known.Since) - known.For;
            // The same failure, seen again.
            if (together <= TimeSpan.Zero) return;
            if (together <= Soon) lasts = known.For < First * (1 << MostDoublings) ? 2 * known.For : known.For;
        }
        _pairs[pair] = (time.GetTimestamp(), lasts);
    }

    /// <summary>Another process of this name has come.</summary>
    public void Forget(string worker)
    {
        foreach (var pair in _pairs.Keys.Where(pair => pair.One == worker || pair.Other == worker).ToList()) _pairs.Remove(pair);
    }

    private TimeSpan Since(long moment) => time.GetElapsedTime(moment);
}
