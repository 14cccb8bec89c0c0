using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Audit;

/// <summary>The record of generations and failures is one chain, its numbers only grow, and its newest generation is the state's.</summary>
internal static class MembershipAudit
{
    public static void Check(string path, RunRecord record, AuditPart part)
    {
        var name = Path.GetFileName(path);
        var expected = MembershipRecord.Origin;
        long newest = 0, generations = 0;
        // What follows the last end of a line was left incomplete by a crash, and is dropped when the run goes on.
        var lines = File.Exists(path) ? LineFile.Complete(File.ReadAllText(path)) : [];
        foreach (var (at, text) in lines.Index())
        {
            var place = $"{name}:{at + 1}";
            if (MembershipRecord.Parse(text) is not { } line)
            {
                part.Fault(place, "not a record as it was written");
                continue;
            }
            if (line.Previous != expected) part.Fault(place, "the chain is broken: it does not follow the line before it");
            expected = line.Hash;
            if (line.Event.What != MembershipEvent.Formed) continue;
            generations++;
            if (line.Event.Generation <= newest) part.Fault(place, $"generation {line.Event.Generation} comes after generation {newest}");
            newest = line.Event.Generation;
        }
        var stored = record.Generation is { } bytes ? Generation.Parser.ParseFrom(bytes).Number : 0;
        if (newest != stored)
            part.Fault(name, $"its newest generation is {newest}, that of the run's state {stored}: lines are missing (if a crash fell between the two, going on with --resume adds it)");
        part.Prove($"{lines.Length:N0} lines in one chain, {generations:N0} generations, the newest {newest}");
    }
}
