using MiniMind.Protos;

namespace MiniMind.Simulation;

/// <summary>What an undisturbed run of one worker gives.</summary>
internal static class Reference
{
    private static readonly Lazy<(IReadOnlyList<LedgerEntry> Ledger, IReadOnlyDictionary<long, TailSums> Validations)> Whole = new(SimulationRun.Undisturbed);

    /// <summary>Entries of all steps, from the first.</summary>
    public static IReadOnlyList<LedgerEntry> Ledger => Whole.Value.Ledger;

    /// <summary>Sums of the validations, by step.</summary>
    public static IReadOnlyDictionary<long, TailSums> Validations => Whole.Value.Validations;

    /// <summary>The entry of a step, from 1.</summary>
    public static LedgerEntry EntryOf(long step) => Ledger[(int)step - 1];

    /// <summary>Digest of the weights after a step; after step 0 those of the seed.</summary>
    public static ReadOnlySpan<byte> WeightsAfter(long step) => step == 0 ? ToyMath.SeedDigest : EntryOf(step).WeightsDigest.Span;
}
