using Google.Protobuf;
using MiniMind.Coordinator.Ledger;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Ledger;

public sealed class LedgerBookTests
{
    private readonly MemoryStore _store = new();
    private readonly LedgerBook _book;

    public LedgerBookTests() => _book = new LedgerBook(_store);

    [Fact]
    public void Append_of_the_next_step_is_durable_and_becomes_the_head()
    {
        var chain = Entries.Chain(3);
        Assert.All(chain, entry => Assert.Equal(AppendOutcome.Appended, _book.Append(entry)));
        Assert.Equal(chain, _store.Entries);
        Assert.Equal((chain[^1].Hash, (0, 3L), 3L), (_book.Head, _book.Newest, _book.NewestStep(0)));
    }

    [Fact]
    public void Append_of_an_equal_entry_is_a_duplicate_however_old()
    {
        var chain = Entries.Chain(3);
        foreach (var entry in chain) _book.Append(entry);
        Assert.All(chain, entry => Assert.Equal(AppendOutcome.Duplicate, _book.Append(entry.Clone())));
        Assert.Equal(3, _store.Entries.Count);
    }

    [Fact]
    public void Append_of_another_entry_for_a_known_step_is_divergence()
    {
        var chain = Entries.Chain(2);
        foreach (var entry in chain) _book.Append(entry);
        Assert.Equal(AppendOutcome.Divergent, _book.Append(Entries.After(chain[0].Hash, 2, mark: 1)));
        Assert.Equal(chain, _store.Entries);
    }

    [Fact]
    public void Append_of_the_next_step_after_another_past_is_divergence()
    {
        var chain = Entries.Chain(2);
        foreach (var entry in chain) _book.Append(entry);
        Assert.Equal(AppendOutcome.Divergent, _book.Append(Entries.After(Entries.After(chain[0].Hash, 2, mark: 1).Hash, 3)));
        Assert.Equal(2, _store.Entries.Count);
    }

    [Fact]
    public void Append_over_a_gap_is_refused_and_accepted_once_it_is_filled()
    {
        var chain = Entries.Chain(3);
        _book.Append(chain[0]);
        Assert.Equal(AppendOutcome.Gap, _book.Append(chain[2]));
        Assert.Equal(AppendOutcome.Appended, _book.Append(chain[1]));
        Assert.Equal(AppendOutcome.Appended, _book.Append(chain[2]));
    }

    [Fact]
    public void Append_of_a_later_stage_begins_at_its_first_step()
    {
        var first = Entries.Chain(2);
        foreach (var entry in first) _book.Append(entry);
        var second = Entries.Chain(2, _book.Head, stage: 2);
        Assert.Equal(AppendOutcome.Gap, _book.Append(second[1]));
        Assert.Equal(AppendOutcome.Appended, _book.Append(second[0]));
        Assert.Equal((0L, 1L), (_book.NewestStep(0), _book.NewestStep(2)));
        // Nothing more is appended to a stage that is over.
        Assert.Equal(AppendOutcome.Gap, _book.Append(Entries.After(first[^1].Hash, 3)));
    }

    [Fact]
    public void Append_of_an_entry_that_does_not_match_its_hash_is_divergence()
    {
        var entry = Entries.After(LedgerChain.Origin, 1);
        entry.Sums.Targets++;
        Assert.Equal(AppendOutcome.Divergent, _book.Append(entry));
        Assert.Equal(AppendOutcome.Divergent, _book.Append(new LedgerEntry { Step = 1 }));
        Assert.Empty(_store.Entries);
    }

    [Fact]
    public void A_stored_chain_is_gone_on_with()
    {
        var chain = Entries.Chain(3);
        _store.Entries.AddRange(chain.Take(2));
        var reopened = new LedgerBook(_store);
        Assert.Equal(AppendOutcome.Duplicate, reopened.Append(chain[1]));
        Assert.Equal(AppendOutcome.Appended, reopened.Append(chain[2]));
    }

    public static TheoryData<string, Action<List<LedgerEntry>>> Tamperings => new()
    {
        { "a figure", chain => chain[1].Sums.Targets++ },
        { "a figure with its hash made anew", chain => { chain[1].Sums.Targets++; chain[1].Hash = LedgerChain.Hash(chain[1]); } },
        { "an entry taken out", chain => chain.RemoveAt(1) },
        { "no sums", chain => chain[1].Sums = null },
        { "a short digest", chain => chain[1].WeightsDigest = ByteString.Empty },
    };

    [Theory]
    [MemberData(nameof(Tamperings))]
    public void A_stored_chain_that_was_tampered_with_is_refused_with_the_step(string what, Action<List<LedgerEntry>> tamper)
    {
        var chain = Entries.Chain(4);
        tamper(chain);
        _store.Entries.AddRange(chain);
        var fault = Assert.Throws<InvalidDataException>(() => new LedgerBook(_store));
        Assert.True(fault.Message.Contains("step 2", StringComparison.Ordinal) || fault.Message.Contains("step 3", StringComparison.Ordinal), $"{what}: {fault.Message}");
    }

    private sealed class MemoryStore : ILedgerStore
    {
        public List<LedgerEntry> Entries { get; } = [];

        public IReadOnlyList<LedgerEntry> Load() => Entries;

        public IReadOnlyList<LedgerEntry> ReadNew() => [];

        public bool TryAppend(LedgerEntry entry)
        {
            Entries.Add(entry);
            return true;
        }
    }
}
