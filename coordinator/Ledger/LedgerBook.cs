using Google.Protobuf;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Ledger;

/// <summary>Where committed entries are kept, so that they would survive a power cut.</summary>
public interface ILedgerStore
{
    /// <summary>All entries, oldest first.</summary>
    IReadOnlyList<LedgerEntry> Load();

    /// <summary>Entries that someone else has appended since, oldest first.</summary>
    IReadOnlyList<LedgerEntry> ReadNew();

    /// <summary>Appends one entry durably, unless someone else has appended some that were not read yet.</summary>
    /// <returns>False: those are to be read first.</returns>
    bool TryAppend(LedgerEntry entry);
}

/// <summary>What became of an entry that a rank handed over.</summary>
public enum AppendOutcome
{
    /// <summary>It is new and durable.</summary>
    Appended,

    /// <summary>An equal entry is there already.</summary>
    Duplicate,

    /// <summary>A different entry is there for the same step: two ranks disagree about what was trained.</summary>
    Divergent,

    /// <summary>Earlier entries are missing; whoever holds them hands them over first.</summary>
    Gap,
}

/// <summary>
/// The append-only, hash-chained record of committed steps. It appends by step: an equal duplicate is ignored, a different one is divergence, a gap is refused.
/// </summary>
public sealed class LedgerBook
{
    private readonly ILedgerStore _store;
    private readonly Dictionary<(int Stage, long Step), (ByteString Hash, ByteString Weights)> _known = [];

    /// <exception cref="InvalidDataException">The stored chain is broken; the message names the step.</exception>
    public LedgerBook(ILedgerStore store)
    {
        _store = store;
        Follow(store.Load());
    }

    /// <summary>Hash of the newest entry.</summary>
    public ByteString Head { get; private set; } = LedgerChain.Origin;

    /// <summary>Stage and step of the newest entry; (0, 0) while there is none.</summary>
    public (int Stage, long Step) Newest { get; private set; }

    /// <summary>Newest step of a stage; 0 while it has none.</summary>
    public long NewestStep(int stage) => Newest.Stage == stage ? Newest.Step : 0;

    /// <summary>Hash of the entry of a step; null when there is none.</summary>
    public ByteString? HashOf(int stage, long step) => _known.TryGetValue((stage, step), out var known) ? known.Hash : null;

    /// <summary>Digest of the weights in the entry of this hash; null when there is none.</summary>
    public ByteString? WeightsAt(ByteString hash) => _known.Values.FirstOrDefault(known => known.Hash == hash).Weights;

    /// <summary>Learns of what was appended by someone else: by a coordinator that stood still, was given up, and woke up again.</summary>
    /// <exception cref="InvalidDataException">The chain is broken; the message names the step.</exception>
    public void CatchUp() => Follow(_store.ReadNew());

    /// <summary>Takes an entry that a rank hands over.</summary>
    public AppendOutcome Append(LedgerEntry entry)
    {
        AppendOutcome outcome;
        do
        {
            CatchUp();
            outcome = Judge(entry);
        }
        while (outcome == AppendOutcome.Appended && !_store.TryAppend(entry));
        if (outcome == AppendOutcome.Appended) Remember(entry);
        return outcome;
    }

    /// <summary>Nothing is missing, so that a hash can be taken.</summary>
    public static bool IsComplete(LedgerEntry entry) =>
        entry.Sums is not null && entry.Previous.Length == LedgerChain.HashSize && entry.WeightsDigest.Length == LedgerChain.DigestSize;

    private static bool IsWhole(LedgerEntry entry) => IsComplete(entry) && entry.Hash == LedgerChain.Hash(entry);

    private AppendOutcome Judge(LedgerEntry entry)
    {
        if (_known.TryGetValue((entry.StageIndex, entry.Step), out var known))
            return known.Hash == entry.Hash ? AppendOutcome.Duplicate : AppendOutcome.Divergent;
        if (!IsWhole(entry)) return AppendOutcome.Divergent;
        var follows = entry.StageIndex == Newest.Stage ? entry.Step == Newest.Step + 1 : entry.StageIndex > Newest.Stage && entry.Step == 1;
        if (!follows) return AppendOutcome.Gap;
        return entry.Previous == Head ? AppendOutcome.Appended : AppendOutcome.Divergent;
    }

    private void Follow(IReadOnlyList<LedgerEntry> entries)
    {
        foreach (var entry in entries.Where(entry => HashOf(entry.StageIndex, entry.Step) != entry.Hash))
        {
            if (entry.Previous != Head || !IsWhole(entry))
                throw new InvalidDataException($"the ledger's chain is broken at stage {entry.StageIndex}, step {entry.Step}");
            Remember(entry);
        }
    }

    private void Remember(LedgerEntry entry)
    {
        _known[(entry.StageIndex, entry.Step)] = (entry.Hash, entry.WeightsDigest);
        Head = entry.Hash;
        Newest = (entry.StageIndex, entry.Step);
    }
}
