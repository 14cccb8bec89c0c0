using System.Globalization;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Screen;
using MiniMind.Text;
using Spectre.Console;
using Cell = Spectre.Console.Text;

namespace MiniMind.Coordinator.Downloads;

/// <summary>"minimind data download": MiniMind's published files, from either hub.</summary>
internal sealed class DownloadCommand(IAnsiConsole console, TextWriter output, TimeProvider time)
{
    public async Task<int> RunAsync(DownloadOptions options, CancellationToken stop)
    {
        var wanted = options.Names.Select(PublishedFile.Find).Select(file => (file.File, (string?)file.Stage))
            .Concat(options.Files.Select(file => (Checked(file), (string?)null))).ToList();
        if (wanted.Count == 0) return List();
        var proxy = options.Proxy is { } address ? Hub.ParseAddress(address, "--proxy") : null;
        var hubs = Hubs(options);
        await using var told = stop.Register(() => output.WriteLine("stopped; what has come is kept, and the same command goes on"));
        foreach (var (file, stage) in wanted) await DownloadAsync(file, stage, hubs, proxy, options, stop);
        return ExitCodes.Success;
    }

    private int List()
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("name", "stage", "MiniMind", "about");
        foreach (var file in PublishedFile.All)
            table.AddRow(new Cell(file.Name), new Cell(file.Stage), new Cell(file.Generation.ToString(CultureInfo.InvariantCulture)), new Cell(file.Megabytes >= 1000 ? $"{file.Megabytes / 1000.0:0.0} GB" : $"{file.Megabytes} MB").RightJustified());
        console.Write(table);
        output.WriteLine("minimind data download NAME takes one; --file takes any other file of that dataset.");
        return ExitCodes.Success;
    }

    private async Task DownloadAsync(string file, string? stage, IReadOnlyList<Hub> hubs, Uri? proxy, DownloadOptions options, CancellationToken stop)
    {
        string path = Path.Combine(options.Out, file);
        if (File.Exists(path) && !options.Force)
        {
            output.WriteLine($"{path} is there already ({Figures.Megabytes(new FileInfo(path).Length)}); --force downloads it again");
            return;
        }

        foreach (var (index, hub) in hubs.Index())
        {
            try
            {
                using var client = new HubClient(hub, proxy);
                var address = hub.AddressOf(file, options.Revision);
                output.WriteLine($"{address}");
                string sha = await DownloadProgressView.ShowAsync(console, output, time, file, progress => new FileDownload(client, time, output.WriteLine).RunAsync(address, path, progress, stop));
                output.WriteLine($"{path}: {new FileInfo(path).Length:N0} bytes, SHA-256 {sha}");
                output.WriteLine($"next: minimind data check {path}{(stage is "pretrain" or "sft" or "dpo" ? $" --stage {stage}" : "")}");
                return;
            }
            // Another hub's content cannot go on with what has come from this one.
            catch (RunFailedException fault) when (index + 1 < hubs.Count && !File.Exists(path + ".partial"))
            {
                output.WriteLine($"{fault.Message}{Environment.NewLine}trying {hubs[index + 1].Name}");
            }
        }
    }

    private static IReadOnlyList<Hub> Hubs(DownloadOptions options)
    {
        var named = options.Hub is { } name ? Hub.All.Where(hub => hub.Name == name) : Hub.All;
        // A mirror stands for one hub.
        if (options.Endpoint is { } text) named = named.Take(1).Select(hub => hub with { Endpoint = Hub.ParseAddress(text, "--endpoint") });
        return [.. named.Select(hub => hub.Name == Hub.HuggingFace.Name ? hub with { Token = options.Token } : hub)];
    }

    /// <summary>A name must not lead out of the folder.</summary>
    private static string Checked(string file) =>
        file.Length > 0 && !Path.IsPathRooted(file) && !file.Split('/', '\\').Contains("..") ? file : throw new InputException($"--file: expected a file's name in the dataset, found '{file}'");
}
