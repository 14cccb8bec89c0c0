namespace MiniMind.Coordinator.CommandLine;

/// <summary>What "minimind data sample" was asked for.</summary>
/// <param name="Out">Folder to write.</param>
/// <param name="Seed">Another seed makes another world.</param>
/// <param name="Force">Replaces a world of another seed that is there.</param>
public sealed record SampleOptions(string Out, ulong Seed, bool Force);

/// <summary>What "minimind data cache prune" was asked for.</summary>
/// <param name="Cache">Folder of the cache.</param>
/// <param name="UnusedFor">Entries that no run has taken for so long go.</param>
/// <param name="MostBytes">What the others may take; the least recently used go first.</param>
/// <param name="All">Everything goes.</param>
/// <param name="DryRun">Nothing goes; it is only said what would.</param>
public sealed record PruneOptions(string Cache, TimeSpan? UnusedFor, long? MostBytes, bool All, bool DryRun);

/// <summary>What "minimind data split" was asked for.</summary>
/// <param name="File">The file to read.</param>
/// <param name="Training">Where lines to train on go.</param>
/// <param name="HeldOut">Where lines that are held out go.</param>
/// <param name="Fraction">Part of the lines that is held out, above 0 and below 1.</param>
/// <param name="Count">How many different lines are held out, instead of a part.</param>
/// <param name="Seed">Another seed holds out other lines.</param>
/// <param name="Force">Replaces files that are there.</param>
public sealed record SplitOptions(string File, string Training, string HeldOut, double Fraction, long? Count, ulong Seed, bool Force);
