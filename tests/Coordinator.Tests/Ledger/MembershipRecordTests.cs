using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Tests.Screen;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.Ledger;

public sealed class MembershipRecordTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_line_names_the_hash_of_the_line_before_it_also_after_a_restart()
    {
        var path = _folder["membership.jsonl"];
        var first = new MembershipRecord(path, new ManualTime());
        first.Append(new MembershipEvent("generation", 1, ["a/1", "b/1"], "all workers are here"));
        first.Append(new MembershipEvent("gone", 0, ["b"], "its stream ended"));
        new MembershipRecord(path, new ManualTime()).Append(new MembershipEvent("generation", 2, ["a/1"], "lost b"));

        var lines = File.ReadAllLines(path).Select(MembershipRecord.Parse).ToList();
        Assert.Equal([MembershipRecord.Origin, lines[0]!.Hash, lines[1]!.Hash], lines.Select(line => line!.Previous));
        Assert.Equal([1, 0, 2], lines.Select(line => line!.Event.Generation));
        Assert.Equal(["a/1", "b/1"], lines[0]!.Event.Workers);
        Assert.Equal(2, new MembershipRecord(path, new ManualTime()).NewestGeneration);
    }

    [Fact]
    public void Two_records_on_one_file_make_one_chain_whichever_of_them_appends()
    {
        var path = _folder["membership.jsonl"];
        var (first, second) = (new MembershipRecord(path, new ManualTime()), new MembershipRecord(path, new ManualTime()));
        first.Append(new MembershipEvent("generation", 1, ["a/1", "b/1"], "all workers are here"));
        second.Append(new MembershipEvent("generation", 2, ["a/1"], "lost b"));
        first.Append(new MembershipEvent("gone", 0, ["b"], "its stream ended"));

        var lines = File.ReadAllLines(path).Select(MembershipRecord.Parse).ToList();
        Assert.Equal([MembershipRecord.Origin, lines[0]!.Hash, lines[1]!.Hash], lines.Select(line => line!.Previous));
        Assert.Equal(2, first.NewestGeneration);

        // Somebody else has told of it already.
        first.Append(new MembershipEvent("generation", 2, ["a/1"], "lost b"));
        Assert.Equal(3, File.ReadAllLines(path).Length);
    }

    [Fact]
    public void A_line_with_any_byte_changed_is_none()
    {
        var path = _folder["membership.jsonl"];
        new MembershipRecord(path, new ManualTime()).Append(new MembershipEvent("gone", 0, ["b"], "its stream ended"));
        var line = File.ReadAllLines(path)[0];
        Assert.NotNull(MembershipRecord.Parse(line));

        for (var at = 0; at < line.Length; at++) Assert.Null(MembershipRecord.Parse(line[..at] + (char)(line[at] ^ 1) + line[(at + 1)..]));
        Assert.Null(MembershipRecord.Parse(line + " "));
        Assert.Null(MembershipRecord.Parse(line[..^1]));
    }
}
