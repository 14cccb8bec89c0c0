using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Ledger;

public sealed class LedgerFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Path => _folder["ledger.jsonl"];

    [Fact]
    public void Load_gives_back_what_was_appended_bit_for_bit()
    {
        var chain = Entries.Chain(3);
        var file = new LedgerFile(Path);
        Assert.Empty(file.Load());
        Assert.All(chain, entry => Assert.True(file.TryAppend(entry)));
        Assert.Equal(chain, new LedgerFile(Path).Load());
        Assert.Equal(3, File.ReadAllLines(Path).Length);
    }

    [Fact]
    public void A_last_line_that_a_power_cut_tore_is_dropped_at_every_length()
    {
        var chain = Entries.Chain(3);
        Entries.Write(Path, chain);
        var bytes = File.ReadAllBytes(Path);
        var whole = Array.LastIndexOf(bytes, (byte)'\n', bytes.Length - 2) + 1;
        for (var length = whole; length < bytes.Length; length += 13)
        {
            File.WriteAllBytes(Path, bytes[..length]);
            Assert.Equal(chain.Take(2), new LedgerFile(Path).Load());
            Assert.Equal(whole, new FileInfo(Path).Length);
        }

        // What follows is appended after the last whole line.
        Entries.Write(Path, [chain[2]]);
        Assert.Equal(bytes, File.ReadAllBytes(Path));
    }

    [Fact]
    public void Nothing_is_appended_behind_a_line_that_somebody_left_unfinished()
    {
        var book = new LedgerBook(new LedgerFile(Path));
        book.Append(Entries.Chain(1)[0]);
        File.AppendAllText(Path, "{\"stage");
        Assert.Contains(Path, Assert.Throws<IOException>(() => book.Append(Entries.Chain(2)[1])).Message, StringComparison.Ordinal);
        Assert.EndsWith("{\"stage", File.ReadAllText(Path), StringComparison.Ordinal);
    }

    /// <summary>The end of a line may reach the disk without its middle.</summary>
    [Fact]
    public void A_last_line_with_zeros_that_a_power_cut_left_is_dropped()
    {
        var chain = Entries.Chain(3);
        Entries.Write(Path, chain);
        var bytes = File.ReadAllBytes(Path);
        var whole = Array.LastIndexOf(bytes, (byte)'\n', bytes.Length - 2) + 1;
        Array.Clear(bytes, whole + 10, 50);
        File.WriteAllBytes(Path, bytes);
        Assert.Equal(chain.Take(2), new LedgerFile(Path).Load());
        Assert.Equal(whole, new FileInfo(Path).Length);
    }

    /// <summary>A coordinator that stood still and was given up goes on for a moment when it wakes: whoever leads by then must not miss what it acknowledges.</summary>
    [Fact]
    public void Two_books_on_one_file_hold_one_chain_whichever_of_them_appends()
    {
        var chain = Entries.Chain(5);
        var (first, second) = (new LedgerBook(new LedgerFile(Path)), new LedgerBook(new LedgerFile(Path)));
        Assert.Equal(AppendOutcome.Appended, first.Append(chain[0]));
        Assert.Equal(AppendOutcome.Duplicate, second.Append(chain[0]));
        Assert.Equal(AppendOutcome.Appended, second.Append(chain[1]));
        Assert.Equal(AppendOutcome.Appended, second.Append(chain[2]));
        Assert.Equal(AppendOutcome.Appended, first.Append(chain[3]));

        Assert.Equal(3, second.NewestStep(0));
        second.CatchUp();
        Assert.Equal(4, second.NewestStep(0));
        Assert.Equal(AppendOutcome.Appended, second.Append(chain[4]));
        Assert.Equal(chain, new LedgerFile(Path).Load());
    }

    [Fact]
    public void What_somebody_else_appends_to_another_history_is_refused_with_the_step()
    {
        var chain = Entries.Chain(2);
        var book = new LedgerBook(new LedgerFile(Path));
        book.Append(chain[0]);
        Entries.Write(Path, [Entries.After(Entries.After(LedgerChain.Origin, 1, mark: 1).Hash, 2)]);
        Assert.Contains("stage 0, step 2", Assert.Throws<InvalidDataException>(book.CatchUp).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_no_entry_is_named()
    {
        Entries.Write(Path, Entries.Chain(3));
        var lines = File.ReadAllLines(Path);
        lines[1] = lines[1][..^5];
        File.WriteAllLines(Path, lines);
        var fault = Assert.Throws<InvalidDataException>(() => new LedgerFile(Path).Load());
        Assert.Contains($"{Path}:2", fault.Message, StringComparison.Ordinal);

        var reader = new LedgerFile(_folder["growing.jsonl"]);
        Assert.True(reader.TryAppend(Entries.Chain(1)[0]));
        File.AppendAllText(_folder["growing.jsonl"], "{}}\n");
        Assert.Contains("growing.jsonl:2", Assert.Throws<InvalidDataException>(() => reader.ReadNew()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_that_was_changed_in_the_file_is_found_and_its_step_named()
    {
        Entries.Write(Path, Entries.Chain(3));
        var lines = File.ReadAllLines(Path);
        Assert.Contains("\"100\"", lines[1], StringComparison.Ordinal);
        lines[1] = lines[1].Replace("\"100\"", "\"101\"", StringComparison.Ordinal);
        File.WriteAllLines(Path, lines);
        var fault = Assert.Throws<InvalidDataException>(() => new LedgerBook(new LedgerFile(Path)));
        Assert.Contains("stage 0, step 2", fault.Message, StringComparison.Ordinal);
    }
}
