using System.Text.Json;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Storage;
using MiniMind.Coordinator.Workers;
using MiniMind.Text;
using Spectre.Console;
using Cell = Spectre.Console.Text;

namespace MiniMind.Coordinator.Audit;

/// <summary>minimind audit: shows what an audit of a run's folder proves, or what is wrong with it.</summary>
internal sealed class AuditCommand(IAnsiConsole console)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public async Task<int> RunAsync(AuditOptions options, CancellationToken stop)
    {
        var folder = new RunFolder(Path.GetFullPath(options.Run));
        if (!Directory.Exists(folder.Root)) throw new InputException($"{options.Run}: expected the folder of a run, such as runs/quickstart, found none");
        if (options.Json is { } report) OutputPlace.RequireFile(report, "--json");
        // While it trains, files would change under the audit.
        using var locked = File.Exists(folder.Lock) ? RunLock.Watch(folder.Lock) : null;
        foreach (var seat in folder.SeatLocks) RunLock.Watch(seat).Dispose();
        var parts = await new RunAudit(folder).RunAsync(stop);
        Show(parts);
        TellOfWorkers(folder);
        var faults = parts.Sum(part => part.FaultCount);
        if (options.Json is { } file) await AtomicFile.WriteAsync(file, stream => JsonSerializer.SerializeAsync(stream, Report(options.Run, parts), Json), cancel: stop);
        var (verdict, color) = Verdict(options.Run, parts, faults);
        console.Write(new Cell(verdict, new Style(color)));
        console.WriteLine();
        return faults == 0 ? ExitCodes.Success : ExitCodes.Fault;
    }

    private static (string Verdict, Color Color) Verdict(string run, IReadOnlyList<AuditPart> parts, long faults)
    {
        if (faults > 0) return ($"{run} is not sound: {faults:N0} {(faults == 1 ? "fault" : "faults")}.", Color.Red);
        var open = string.Join(", ", parts.Select(part => part.Open).OfType<string>());
        return open.Length == 0 ? ($"{run} is sound.", Color.Green) : ($"{run} is unfinished ({open}); what there is of it is sound.", Color.Yellow);
    }

    private void TellOfWorkers(RunFolder folder)
    {
        var alive = folder.WorkersAlive;
        if (alive.Count > 0) console.WriteLine($"note: {string.Join(", ", alive)} of this run live and may train on without a coordinator: what they have done since is not in the folder yet; run with --resume adopts them");
    }

    private void Show(IReadOnlyList<AuditPart> parts)
    {
        var table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumns("", "", "");
        foreach (var part in parts.Where(part => part.FaultCount == 0)) table.AddRow(new Cell(part.Name), part.Open is null ? new Cell("sound", new Style(Color.Green)) : new Cell("unfinished", new Style(Color.Yellow)), new Cell(part.Proven));
        foreach (var part in parts.Where(part => part.FaultCount > 0))
        {
            var faults = string.Join('\n', part.Faults);
            if (part.FaultCount > part.Faults.Count) faults += $"\n… and {part.FaultCount - part.Faults.Count:N0} more";
            table.AddRow(new Cell(part.Name), new Cell("FAULTY", new Style(Color.Red)), new Cell(faults));
        }
        console.Write(table);
    }

    private static object Report(string run, IReadOnlyList<AuditPart> parts) => new
    {
        run,
        sound = parts.All(part => part.FaultCount == 0),
        finished = parts.All(part => part.Open is null),
        parts = parts.Select(part => new { part.Name, sound = part.FaultCount == 0, finished = part.Open is null, part.Proven, faults = part.FaultCount, first = part.Faults }),
    };
}
