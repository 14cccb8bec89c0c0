using Google.Protobuf;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Audit;

/// <summary>The entries of a ledger file, read without believing any of them.</summary>
internal sealed class LedgerReading
{
    private readonly Dictionary<(int Stage, long Step), (LedgerEntry Entry, long Line)> _entries = [];
    private readonly string _name;

    private LedgerReading(string path) => _name = Path.GetFileName(path);

    /// <summary>One entry per step; of several the first.</summary>
    public IEnumerable<KeyValuePair<(int Stage, long Step), LedgerEntry>> Entries => _entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Entry));

    public LedgerEntry? Find(int stage, long step) => _entries.GetValueOrDefault((stage, step)).Entry;

    /// <summary>Newest step of a stage; 0 for none.</summary>
    public long NewestStep(int stage) => _entries.Keys.Where(key => key.Stage == stage).Select(key => key.Step).DefaultIfEmpty(0).Max();

    /// <summary>Where an entry stands: file and line.</summary>
    public string PlaceOf((int Stage, long Step) key) => $"{_name}:{_entries[key].Line}";

    /// <summary>Reads a file and checks its chain. A last line without its end is no fault: it was never acknowledged, and is dropped when the run goes on.</summary>
    public static LedgerReading Read(string path, AuditPart part)
    {
        var reading = new LedgerReading(path);
        if (!File.Exists(path))
        {
            part.Prove("no step was committed");
            return reading;
        }
        var text = File.ReadAllText(path);
        var lines = LineFile.Complete(text);
        var expected = LedgerChain.Origin;
        for (var at = 0; at < lines.Length; at++) expected = reading.Take(lines[at], at + 1, expected, part);
        var open = text.Length > lines.Sum(line => line.Length + 1) ? "; the last line was left incomplete by a crash, and will be written anew" : "";
        part.Prove($"{lines.Length:N0} entries in one chain, its head {Convert.ToHexStringLower(expected.Span)[..12]}{open}");
        return reading;
    }

    /// <returns>What the next entry must name as its predecessor.</returns>
    private ByteString Take(string line, long number, ByteString expected, AuditPart part)
    {
        var place = $"{_name}:{number}";
        if (Parse(line) is not { } entry)
        {
            part.Fault(place, "not a ledger entry as it was written");
            return expected;
        }
        var step = $"stage {entry.StageIndex}, step {entry.Step}";
        if (entry.Previous != expected) part.Fault(place, $"{step}: the chain is broken: it does not follow the entry before it");
        if (entry.Hash != LedgerChain.Hash(entry)) part.Fault(place, $"{step}: its hash is not that of its content");
        if (!_entries.TryAdd((entry.StageIndex, entry.Step), (entry, number))) part.Fault(place, $"{step}: it was committed in line {_entries[(entry.StageIndex, entry.Step)].Line} already");
        return entry.Hash;
    }

    /// <summary>Null: the line is not what the coordinator writes, be it by one blank.</summary>
    private static LedgerEntry? Parse(string line)
    {
        try
        {
            var entry = LedgerEntry.Parser.ParseJson(line);
            return LedgerBook.IsComplete(entry) && LedgerFile.LineOf(entry) == line ? entry : null;
        }
        catch (Exception fault) when (fault is InvalidJsonException or InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
