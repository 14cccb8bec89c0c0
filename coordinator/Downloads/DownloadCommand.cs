using System.Globalization;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Screen;
using MiniMind.Text;
using Spectre.Console;
using Cell = Spectre.Console.Text;

namespace MiniMind.Coordinator.Downloads;

/// <summary>"minimind data download": MiniMind's published files, from the first hub that can be reached.</summary>
internal sealed class DownloadCommand(IAnsiConsole console, TextWriter output, TimeProvider time, IReadOnlyList<Hub> known)
{
    public async Task<int> RunAsync(DownloadOptions options, CancellationToken stop)
    {
        var wanted = options.Names.Select(PublishedFile.Find).Select(file => (file.File, (string?)file.Stage))
            .Concat(options.Files.Select(file => (Checked(file), (string?)null))).ToList();
        if (wanted.Count == 0) return List();
        var proxy = options.Proxy is { } address ? Hub.ParseAddress(address, "--proxy") : null;
        var hubs = Choose(options);
        OutputPlace.RequireFolder(options.Out, "--out");
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
            var address = hub.AddressOf(file, options.Revision);
            try
            {
                using var client = new HubClient(hub, proxy);
                output.WriteLine($"{address}");
                var done = await DownloadProgressView.ShowAsync(console, output, time, file, progress => new FileDownload(client, time, output.WriteLine) { Advice = Advice(options) }.RunAsync(address, path, progress, stop));
                output.WriteLine($"{path}: {new FileInfo(path).Length:N0} bytes, SHA-256 {done.Sha256}, {(done.Verified ? "verified" : "not verified: the hub gives no hash")}");
                output.WriteLine($"next: minimind data check {path}{(stage is "pretrain" or "sft" or "dpo" ? $" --stage {stage}" : "")}");
                return;
            }
            // Another hub's content cannot go on with what has come from this one.
            catch (RunFailedException fault) when (index + 1 < hubs.Count && PartialFile.KeptBytes(path, address) == 0)
            {
                output.WriteLine($"{fault.Message}{Environment.NewLine}trying {hubs[index + 1].Name}");
            }
            catch (RunFailedException fault) when (index > 0)
            {
                throw new RunFailedException($"{fault.Message}. Tried before, in vain: {string.Join(", ", hubs.Take(index).Select(earlier => $"{earlier.Name} ({earlier.Endpoint})"))}");
            }
        }
    }

    /// <summary>What was not given yet, before others of what was.</summary>
    private static string Advice(DownloadOptions options)
    {
        (string Option, bool Given)[] ways = [("--hub", options.Hub is not null), ("--endpoint", options.Endpoint is not null), ("--proxy", options.Proxy is not null)];
        // Without a hub or an endpoint all hubs are tried anyway.
        var words = ways.Where(way => way.Given || way.Option != "--hub").OrderBy(way => way.Given).Select(way => way.Given ? $"another {way.Option}" : way.Option).ToList();
        return $"try {string.Join(", ", words.SkipLast(1))} or {words[^1]}";
    }

    /// <summary>The hubs to try, in order. An address of HF_ENDPOINT is Hugging Face's; one of --endpoint is the chosen hub's, and then no other hub is tried.</summary>
    private IReadOnlyList<Hub> Choose(DownloadOptions options)
    {
        var chosen = known.Where(hub => options.Hub is null || hub.Name == options.Hub);
        if (options.Endpoint is { } address)
            chosen = chosen.Take(1).Select(hub => hub with { Endpoint = Hub.ParseAddress(address, "--endpoint") });
        else if (options.HuggingFaceEndpoint is { } mirror)
            chosen = chosen.Select(hub => hub.IsHuggingFace ? hub with { Endpoint = Hub.ParseAddress(mirror, "HF_ENDPOINT") } : hub);
        return [.. chosen.Select(hub => hub.IsHuggingFace ? hub with { Token = options.Token } : hub)];
    }

    /// <summary>A name must not lead out of the folder.</summary>
    private static string Checked(string file) =>
        file.Length > 0 && !Path.IsPathRooted(file) && !file.Split('/', '\\').Contains("..") ? file : throw new InputException($"--file: expected a file's name in the dataset, found '{file}'");
}
