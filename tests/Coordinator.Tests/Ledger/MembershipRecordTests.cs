using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
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

        var previous = new string('0', 64);
        var lines = File.ReadAllLines(path);
        Assert.Equal(3, lines.Length);
        foreach (var line in lines)
        {
            using var json = JsonDocument.Parse(line);
            Assert.Equal(previous, json.RootElement.GetProperty("previous").GetString());
            previous = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)));
        }
    }
}
