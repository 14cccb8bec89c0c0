using Google.Protobuf;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Ledger;

/// <summary>The ledger as a file of one JSON object per line (ledger.jsonl).</summary>
public sealed class LedgerFile(string path, IDisk? disk = null) : ILedgerStore
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    private readonly IDisk _disk = disk ?? SystemDisk.Instance;
    private readonly GrowingLines _lines = new(path, disk ?? SystemDisk.Instance);

    /// <summary>
    /// Reads all entries, which are on the disk from then on. A last line that a power cut left incomplete was never acknowledged, and is dropped from the file.
    /// </summary>
    public IReadOnlyList<LedgerEntry> Load() => Parse(_lines.ReadAll());

    public IReadOnlyList<LedgerEntry> ReadNew() => Parse(_lines.ReadNew());

    public bool TryAppend(LedgerEntry entry)
    {
        _disk.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return _lines.TryAppend(LineOf(entry));
    }

    /// <summary>An entry as its line, without the end of it.</summary>
    public static string LineOf(LedgerEntry entry) => Formatter.Format(entry);

    private IReadOnlyList<LedgerEntry> Parse(IReadOnlyList<string> lines)
    {
        var first = _lines.Count - lines.Count + 1;
        return [.. lines.Select((line, index) => Parse(line, first + index))];
    }

    private LedgerEntry Parse(string line, int number)
    {
        try
        {
            return LedgerEntry.Parser.ParseJson(line);
        }
        catch (Exception fault) when (fault is InvalidJsonException or InvalidProtocolBufferException)
        {
            throw new InvalidDataException($"{path}:{number}: not a ledger entry: {fault.Message}", fault);
        }
    }
}
