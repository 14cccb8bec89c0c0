namespace MiniMind.Chaos.Faults;

/// <summary>Draws faults from a seed.</summary>
public static class Schedule
{
    // Of the stage's steps: workers that came back have something left to do at the end.
    private const double FirstAt = 0.04;
    private const double LastAt = 0.85;

    /// <summary>The same arguments give the same schedule, on any machine.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="faults">How many; every kind occurs once before any occurs again.</param>
    /// <param name="kinds">Which there are; their order matters.</param>
    /// <param name="steps">Steps of the disturbed stage; the faults are spread over them, in order.</param>
    public static IReadOnlyList<Fault> Draw(int seed, int faults, IReadOnlyList<FaultKind> kinds, long steps)
    {
        var random = new Random(seed);
        var drawn = new List<FaultKind>();
        while (drawn.Count < faults)
        {
            FaultKind[] round = [.. kinds];
            random.Shuffle(round);
            drawn.AddRange(round);
        }
        var spacing = steps * (LastAt - FirstAt) / faults;
        return [.. drawn.Take(faults).Select((kind, index) => new Fault(
            index + 1, (long)(steps * FirstAt + spacing * (index + random.NextDouble() / 2)), kind, random.Next(1 << 20), random.Next(1 << 20),
            1 + random.Next(Math.Max(1, (int)spacing)), TimeSpan.FromSeconds(1 + 5 * random.NextDouble()), TimeSpan.FromMilliseconds(5 + random.Next(60))))];
    }
}
