namespace MiniMind.Simulation.Mutants;

/// <summary>A bug that is planted in a production source: one text replaced by another.</summary>
/// <param name="Name">What is wrong then.</param>
/// <param name="File">The source, relative to the repository.</param>
/// <param name="Original">What stands there, exactly once.</param>
/// <param name="Replacement">What stands there instead.</param>
public sealed record PlantedBug(string Name, string File, string Original, string Replacement)
{
    /// <summary>The text of the source with the bug in it.</summary>
    /// <exception cref="InvalidOperationException">The source has changed, so that the original is not there exactly once.</exception>
    public string PlantIn(string source)
    {
        var found = source.Split(Original).Length - 1;
        return found == 1 ? source.Replace(Original, Replacement, StringComparison.Ordinal)
            : throw new InvalidOperationException($"\"{Name}\": expected this once in {File}, found it {found} times: {Original}");
    }
}
