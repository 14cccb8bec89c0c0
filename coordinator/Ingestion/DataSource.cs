namespace MiniMind.Coordinator.Ingestion;

/// <summary>A data file, and its share of the mixture.</summary>
/// <param name="Path">Of a JSONL or text file, compressed or not.</param>
/// <param name="Weight">
/// How often each of its documents is taken, above 0: 1 once, 2 twice, 0.25 a quarter of them. Which documents make up a part is decided by their
/// content alone.
/// </param>
public sealed record DataSource(string Path, double Weight = 1)
{
    /// <summary>Greatest weight.</summary>
    public const double MostWeight = 1000;
}
