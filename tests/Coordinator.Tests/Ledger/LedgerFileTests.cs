using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Tests.Storage;

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
        foreach (var entry in chain) file.Append(entry);
        Assert.Equal(chain, new LedgerFile(Path).Load());
        Assert.Equal(3, File.ReadAllLines(Path).Length);
    }

    [Fact]
    public void A_last_line_that_a_power_cut_tore_is_dropped_at_every_length()
    {
        var chain = Entries.Chain(3);
        foreach (var entry in chain) new LedgerFile(Path).Append(entry);
        var bytes = File.ReadAllBytes(Path);
        var whole = Array.LastIndexOf(bytes, (byte)'\n', bytes.Length - 2) + 1;
        for (var length = whole; length < bytes.Length; length += 13)
        {
            File.WriteAllBytes(Path, bytes[..length]);
            Assert.Equal(chain.Take(2), new LedgerFile(Path).Load());
            Assert.Equal(whole, new FileInfo(Path).Length);
        }

        // What follows is appended after the last whole line.
        new LedgerFile(Path).Append(chain[2]);
        Assert.Equal(bytes, File.ReadAllBytes(Path));
    }

    /// <summary>The end of a line may reach the disk without its middle.</summary>
    [Fact]
    public void A_last_line_with_zeros_that_a_power_cut_left_is_dropped()
    {
        var chain = Entries.Chain(3);
        foreach (var entry in chain) new LedgerFile(Path).Append(entry);
        var bytes = File.ReadAllBytes(Path);
        var whole = Array.LastIndexOf(bytes, (byte)'\n', bytes.Length - 2) + 1;
        Array.Clear(bytes, whole + 10, 50);
        File.WriteAllBytes(Path, bytes);
        Assert.Equal(chain.Take(2), new LedgerFile(Path).Load());
        Assert.Equal(whole, new FileInfo(Path).Length);
    }

    [Fact]
    public void A_line_that_is_no_entry_is_named()
    {
        foreach (var entry in Entries.Chain(3)) new LedgerFile(Path).Append(entry);
        var lines = File.ReadAllLines(Path);
        lines[1] = lines[1][..^5];
        File.WriteAllLines(Path, lines);
        var fault = Assert.Throws<InvalidDataException>(() => new LedgerFile(Path).Load());
        Assert.Contains($"{Path}:2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_that_was_changed_in_the_file_is_found_and_its_step_named()
    {
        foreach (var entry in Entries.Chain(3)) new LedgerFile(Path).Append(entry);
        var lines = File.ReadAllLines(Path);
        Assert.Contains("\"100\"", lines[1], StringComparison.Ordinal);
        lines[1] = lines[1].Replace("\"100\"", "\"101\"", StringComparison.Ordinal);
        File.WriteAllLines(Path, lines);
        var fault = Assert.Throws<InvalidDataException>(() => new LedgerBook(new LedgerFile(Path)));
        Assert.Contains("stage 0, step 2", fault.Message, StringComparison.Ordinal);
    }
}
