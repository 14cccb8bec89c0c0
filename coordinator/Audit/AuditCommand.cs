using System.Text.Json;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Storage;
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
        // While it trains, files would change under the audit.
        using var locked = File.Exists(folder.Lock) ? RunLock.Watch(folder.Lock) : null;
        var parts = await new RunAudit(folder).RunAsync(stop);
        Show(parts);
        var faults = parts.Sum(part => part.FaultCount);
        if (options.Json is { } file) await AtomicFile.WriteAsync(file, stream => JsonSerializer.SerializeAsync(stream, Report(options.Run, parts), Json), cancel: stop);
        console.Write(faults == 0
            ? new Markup($"{Markup.Escape(options.Run)} is sound.", new Style(Color.Green))
            : new Markup($"{Markup.Escape(options.Run)} is not sound: {faults:N0} {(faults == 1 ? "fault" : "faults")}.", new Style(Color.Red)));
        console.WriteLine();
        return faults == 0 ? ExitCodes.Success : ExitCodes.Fault;
    }

    private void Show(IReadOnlyList<AuditPart> parts)
    {
        var table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumns("", "", "");
        foreach (var part in parts.Where(part => part.FaultCount == 0)) table.AddRow(new Cell(part.Name), new Cell("sound", new Style(Color.Green)), new Cell(part.Proven));
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
        parts = parts.Select(part => new { part.Name, sound = part.FaultCount == 0, part.Proven, faults = part.FaultCount, first = part.Faults }),
    };
}
