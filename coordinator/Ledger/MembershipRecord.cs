using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Ledger;

/// <summary>Something that happened to the workers of a run.</summary>
/// <param name="What">generation, gone, leaving, handing over, trouble or refused.</param>
/// <param name="Generation">Number of a formed generation; 0 for what is not one.</param>
/// <param name="Workers">Who it is about; of a generation its members by rank, as name/incarnation.</param>
/// <param name="Reason">In plain words.</param>
public sealed record MembershipEvent(string What, long Generation, IReadOnlyList<string> Workers, string Reason)
{
    /// <summary>A generation was formed.</summary>
    public const string Formed = "generation";
}

/// <summary>One line of the record.</summary>
/// <param name="Previous">Hash of the line before.</param>
/// <param name="Event">What happened.</param>
/// <param name="Hash">SHA-256 of the line without this.</param>
public sealed record MembershipLine(string Previous, MembershipEvent Event, string Hash);

/// <summary>
/// The second record of a run, beside the ledger: generations, failures and recoveries, chained by the coordinator. It may differ between two runs
/// that end with the same bits, which is why it is apart from the ledger.
/// </summary>
public sealed class MembershipRecord
{
    /// <summary>What the first line names as the hash before it.</summary>
    public static readonly string Origin = new('0', 64);

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly GrowingLines _lines;
    private readonly TimeProvider _time;
    private string _head = Origin;

    /// <summary>Goes on with the file at a path, if there is one.</summary>
    public MembershipRecord(string path, TimeProvider time, IDisk? disk = null)
    {
        (_lines, _time) = (new GrowingLines(path, disk ?? SystemDisk.Instance), time);
        Follow(_lines.ReadAll());
    }

    /// <summary>Number of the newest generation in it, 0 for none.</summary>
    public long NewestGeneration { get; private set; }

    /// <summary>Appends an event; each line names the hash of the line before it, and its own.</summary>
    public void Append(MembershipEvent happened)
    {
        string line;
        do
        {
            Follow(_lines.ReadNew());
            // Whoever leads by now has told of it in the place of a coordinator that stood still.
            if (happened.What == MembershipEvent.Formed && happened.Generation <= NewestGeneration) return;
            line = LineOf(happened);
        }
        while (!_lines.TryAppend(line));
        Follow([line]);
    }

    /// <summary>Reads one line; null when it is not as it was written.</summary>
    public static MembershipLine? Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var read = json.RootElement;
            var hash = read.GetProperty("hash").GetString()!;
            var content = line[..Math.Max(0, line.Length - Ending(hash).Length)] + "}";
            if (WithHash(content, hash) != line || HashOf(content) != hash) return null;
            var happened = new MembershipEvent(
                read.GetProperty("what").GetString()!, read.GetProperty("generation").GetInt64(),
                [.. read.GetProperty("workers").EnumerateArray().Select(worker => worker.GetString()!)], read.GetProperty("reason").GetString()!);
            return new MembershipLine(read.GetProperty("previous").GetString()!, happened, hash);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private string LineOf(MembershipEvent happened)
    {
        var content = JsonSerializer.Serialize(
            new { Previous = _head, Time = _time.GetUtcNow(), happened.What, happened.Generation, happened.Workers, happened.Reason }, Json);
        return WithHash(content, HashOf(content));
    }

    private void Follow(IReadOnlyList<string> lines)
    {
        foreach (var line in lines.Select(Parse).OfType<MembershipLine>())
        {
            _head = line.Hash;
            NewestGeneration = Math.Max(NewestGeneration, line.Event.Generation);
        }
    }

    private static string WithHash(string content, string hash) => content[..^1] + Ending(hash);

    private static string Ending(string hash) => $",\"hash\":\"{hash}\"}}";

    private static string HashOf(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
}
