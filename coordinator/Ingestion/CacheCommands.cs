using System.Globalization;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Screen;
using Spectre.Console;
using Cell = Spectre.Console.Text;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>"minimind data cache": what encoded data there is, and how to be rid of it.</summary>
internal sealed class CacheCommands(IAnsiConsole console, TimeProvider time)
{
    private const int KeyShown = 12;

    public int List(string root)
    {
        var entries = CacheFolders.List(root);
        if (entries.Count > 0) console.Write(Table(entries));
        console.WriteLine(Total(entries, root));
        return ExitCodes.Success;
    }

    public int Prune(PruneOptions options)
    {
        var entries = CacheFolders.List(options.Cache);
        var superfluous = options.All ? entries : CacheFolders.Superfluous(entries, time.GetUtcNow(), options.UnusedFor, options.MostBytes);
        var removed = new List<CacheEntry>();
        foreach (var entry in superfluous)
        {
            var outcome = options.DryRun ? Removal.Done : CacheFolders.Remove(options.Cache, entry);
            if (outcome == Removal.Done) removed.Add(entry);
            else if (outcome == Removal.InUse) console.WriteLine($"{entry.Key[..KeyShown]}: a process is using it; left alone");
        }

        if (!options.DryRun) CacheFolders.FinishRemoving(options.Cache);

        if (removed.Count > 0) console.Write(Table(removed));
        console.WriteLine((options.DryRun ? "would be removed: " : "removed: ") + Total(removed, options.Cache));
        return ExitCodes.Success;
    }

    private static string Total(IReadOnlyCollection<CacheEntry> entries, string root) =>
        $"{entries.Count} {(entries.Count == 1 ? "entry" : "entries")}, {Figures.Megabytes(entries.Sum(entry => entry.Bytes))}, in {root}{(Directory.Exists(root) ? "" : " (there is no such folder)")}";

    private static Table Table(IEnumerable<CacheEntry> entries)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("key", "kind", "length", "tokens", "size", "last used", "files");
        foreach (var entry in entries)
        {
            string files = entry.About is { } about ? string.Join(", ", about.Files.Select(Path.GetFileName)) : "?";
            table.AddRow(
                new Cell(entry.Key[..KeyShown]), new Cell(entry.About?.Kind ?? (entry.Complete ? "?" : "unfinished")),
                new Cell(entry.About?.SequenceLength.ToString(CultureInfo.InvariantCulture) ?? Figures.None), new Cell(Figures.Count(entry.Tokens)),
                new Cell(Figures.Megabytes(entry.Bytes)), new Cell(entry.LastUsed.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)), new Cell(files));
        }

        return table;
    }
}
