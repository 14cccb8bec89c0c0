using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Ledger;

/// <summary>Something that happened to the workers of a run.</summary>
/// <param name="What">generation, gone, leaving, trouble or refused.</param>
/// <param name="Generation">Number of a formed generation; 0 for what is not one.</param>
/// <param name="Workers">Who it is about; of a generation its members by rank, as name/incarnation.</param>
/// <param name="Reason">In plain words.</param>
public sealed record MembershipEvent(string What, long Generation, IReadOnlyList<string> Workers, string Reason);

/// <summary>
/// The second record of a run, beside the ledger: generations, failures and recoveries, chained by the coordinator. It may differ between two runs
/// that end with the same bits, which is why it is apart from the ledger.
/// </summary>
public sealed class MembershipRecord
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly string _path;
    private readonly TimeProvider _time;
    private string _head;

    /// <summary>Goes on with the file at a path, if there is one.</summary>
    public MembershipRecord(string path, TimeProvider time)
    {
        (_path, _time) = (path, time);
        LineFile.DropUnfinishedLine(path);
        var last = File.Exists(path) ? File.ReadLines(path).LastOrDefault() : null;
        _head = last is null ? new string('0', 64) : HashOf(last);
    }

    /// <summary>Appends an event; each line names the SHA-256 of the line before it.</summary>
    public void Append(MembershipEvent happened)
    {
        var line = JsonSerializer.Serialize(
            new { Previous = _head, Time = _time.GetUtcNow(), happened.What, happened.Generation, happened.Workers, happened.Reason }, Json);
        File.AppendAllText(_path, line + "\n");
        _head = HashOf(line);
    }

    private static string HashOf(string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)));
}
