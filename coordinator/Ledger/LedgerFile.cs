using Google.Protobuf;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Ledger;

/// <summary>The ledger as a file of one JSON object per line (ledger.jsonl).</summary>
public sealed class LedgerFile(string path) : ILedgerStore
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    /// <summary>Reads all entries. A last line that a power cut left incomplete was never acknowledged, and is dropped from the file.</summary>
    public IReadOnlyList<LedgerEntry> Load()
    {
        if (!File.Exists(path)) return [];
        LineFile.DropUnfinishedLine(path);
        var entries = new List<LedgerEntry>();
        foreach (var line in File.ReadLines(path).Where(line => line.Length > 0))
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
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        LineFile.Append(path, LineOf(entry));
    }

    /// <summary>An entry as its line, without the end of it.</summary>
    public static string LineOf(LedgerEntry entry) => Formatter.Format(entry);
}
