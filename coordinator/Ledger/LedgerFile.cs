using Google.Protobuf;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Ledger;

/// <summary>The ledger as a file of one JSON object per line (ledger.jsonl).</summary>
public sealed class LedgerFile(string path, IDisk? disk = null) : ILedgerStore
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    private readonly IDisk _disk = disk ?? SystemDisk.Instance;

    /// <summary>
    /// Reads all entries, which are on the disk from then on. A last line that a power cut left incomplete was never acknowledged, and is dropped from the file.
    /// </summary>
    public IReadOnlyList<LedgerEntry> Load()
    {
        if (!_disk.FileExists(path)) return [];
        LineFile.DropUnfinishedLine(path, _disk);
        var entries = new List<LedgerEntry>();
        foreach (var line in LineFile.Read(path, _disk).Where(line => line.Length > 0))
        {
            try
            {
                entries.Add(LedgerEntry.Parser.ParseJson(line));
            }
            catch (Exception fault) when (fault is InvalidJsonException or InvalidProtocolBufferException)
            {
                throw new InvalidDataException($"{path}:{entries.Count + 1}: not a ledger entry: {fault.Message}", fault);
            }
        }
        return entries;
    }

    public void Append(LedgerEntry entry)
    {
        _disk.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        LineFile.Append(path, LineOf(entry), _disk);
    }

    /// <summary>An entry as its line, without the end of it.</summary>
    public static string LineOf(LedgerEntry entry) => Formatter.Format(entry);
}
