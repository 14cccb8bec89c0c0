using Google.Protobuf;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Ledger;

public sealed class LedgerChainTests
{
    public static TheoryData<string, Action<LedgerEntry>> Changes => new()
    {
        { "previous", entry => entry.Previous = ByteString.CopyFrom([.. Enumerable.Repeat((byte)1, 32)]) },
        { "stage", entry => entry.StageIndex++ },
        { "step", entry => entry.Step++ },
        { "first sample", entry => entry.FirstSample++ },
        { "end sample", entry => entry.EndSample++ },
        { "loss", entry => entry.Sums.LossNumerator = Math.BitIncrement(entry.Sums.LossNumerator) },
        { "targets", entry => entry.Sums.Targets++ },
        { "auxiliary loss", entry => entry.Sums.AuxiliaryLoss = double.Epsilon },
        { "correct", entry => entry.Sums.Correct++ },
        { "tokens", entry => entry.Sums.Tokens++ },
        { "sequences", entry => entry.Sums.Sequences++ },
        { "weights", entry => entry.WeightsDigest = ByteString.CopyFrom(new byte[16]) },
        { "skip", entry => entry.Skipped = true },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Hash_covers_every_field(string field, Action<LedgerEntry> change)
    {
        var entry = Entries.After(LedgerChain.Origin, 3);
        change(entry);
        Assert.True(LedgerChain.Hash(entry) != entry.Hash, field);
    }

    /// <summary>Ledgers on disk outlive versions of this program: the hash of an entry never changes. The expected one was computed apart, in Python.</summary>
    [Fact]
    public void Hash_of_a_known_entry_stays_as_it_is() =>
        Assert.Equal("60a70f7b7ffcda28494d7a365154b3985e900749c4dac75dbab0864a62d40080", Convert.ToHexStringLower(Entries.After(LedgerChain.Origin, 3).Hash.Span));

    [Fact]
    public void Hash_of_a_malformed_entry_is_refused() =>
        Assert.Throws<ArgumentException>(() => LedgerChain.Hash(new LedgerEntry { Sums = new TailSums() }));
}
