using System.Text.Json;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using Spectre.Console;

namespace MiniMind.Coordinator.Doctor;

/// <summary>Runs a check and shows, plots and keeps its report.</summary>
internal sealed class CheckCommand(IAnsiConsole console)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <returns>0: the data can be trained on, or the clean file that was written can; 2: it cannot.</returns>
    public async Task<int> RunAsync(CheckOptions options, CancellationToken stop)
    {
        CheckPlot(options);
        var check = new DataCheck(options);
        var (report, samples) = await CheckProgress.ShowAsync(console, progress => check.RunAsync(progress, stop));
        var view = new CheckView(console);
        view.Show(report);
        foreach (var (place, document) in samples) view.Show(place, document, check.Tokenizer!);
        if (options.Json is { } path) await AtomicFile.WriteAsync(path, stream => JsonSerializer.SerializeAsync(stream, report, Json, stop), cancel: stop);
        if (options.Plot is { } picture && report.Lengths is { } lengths) await LengthPlot.SaveAsync(lengths, picture);
        view.ShowVerdict(report);
        return report.CleanSound ?? report.Sound ? ExitCodes.Success : ExitCodes.WrongInput;
    }

    private static void CheckPlot(CheckOptions options)
    {
        if (options.Plot is not { } name) return;
        LengthPlot.CheckName(name);
        if (options.Tokenizer is null) throw new InputException("--plot shows lengths in tokens: give --tokenizer DIR too");
    }
}

/// <summary>A bar with pace and time left, in a terminal. Elsewhere nothing.</summary>
internal static class CheckProgress
{
    public static async Task<T> ShowAsync<T>(IAnsiConsole console, Func<IProgress<IngestionProgress>?, Task<T>> work)
    {
        if (Console.IsOutputRedirected || !console.Profile.Capabilities.Interactive) return await work(null);
        return await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new Bar(context.AddTask("reading"))));
    }

    private sealed class Bar(ProgressTask task) : IProgress<IngestionProgress>
    {
        public void Report(IngestionProgress value)
        {
            task.MaxValue = Math.Max(1, value.BytesTotal);
            task.Value = value.BytesDone;
        }
    }
}
