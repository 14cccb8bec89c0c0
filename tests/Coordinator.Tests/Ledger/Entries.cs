using Google.Protobuf;
using MiniMind.Coordinator.Ledger;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Ledger;

/// <summary>Ledger entries as ranks make them.</summary>
internal static class Entries
{
    /// <param name="mark">Another mark gives other weights, and so another entry.</param>
    public static LedgerEntry After(ByteString previous, long step, int stage = 0, byte mark = 0, bool skipped = false)
    {
        var entry = new LedgerEntry
        {
            Previous = previous, StageIndex = stage, Step = step, FirstSample = 10 * step, EndSample = 10 * step + 10, Skipped = skipped,
            Sums = new TailSums { LossNumerator = 1.0 / step, Targets = 100, Tokens = 128, Sequences = 2 },
            WeightsDigest = ByteString.CopyFrom([.. Enumerable.Repeat((byte)(step + mark), LedgerChain.DigestSize)]),
        };
        entry.Hash = LedgerChain.Hash(entry);
        return entry;
    }

    /// <summary>Appends entries to a ledger's file as they are.</summary>
    public static void Write(string path, IEnumerable<LedgerEntry> entries)
    {
        var file = new LedgerFile(path);
        file.Load();
        Assert.All(entries, entry => Assert.True(file.TryAppend(entry)));
    }

    /// <summary>Steps 1 to count of one stage.</summary>
    public static List<LedgerEntry> Chain(int count, ByteString? previous = null, int stage = 0)
    {
        var chain = new List<LedgerEntry>();
        for (var step = 1; step <= count; step++) chain.Add(After(chain.Count > 0 ? chain[^1].Hash : previous ?? LedgerChain.Origin, step, stage));
        return chain;
    }
}
