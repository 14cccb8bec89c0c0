using MiniMind.Coordinator.Screen;
using Spectre.Console;

namespace MiniMind.Coordinator.Downloads;

/// <summary>A bar in a terminal; elsewhere a line now and then.</summary>
internal static class DownloadProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public static async Task<T> ShowAsync<T>(IAnsiConsole console, TextWriter output, TimeProvider time, string name, Func<IProgress<DownloadProgress>, Task<T>> work)
    {
        if (Console.IsOutputRedirected || !console.Profile.Capabilities.Interactive) return await work(new Lines(output, time, name));
        return await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new Bar(context.AddTask(name))));
    }

    private sealed class Bar(ProgressTask task) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value)
        {
            task.MaxValue = value.Total ?? value.Bytes + 1;
            task.Value = value.Bytes;
        }
    }

    private sealed class Lines(TextWriter output, TimeProvider time, string name) : IProgress<DownloadProgress>
    {
        private readonly long _start = time.GetTimestamp();
        private long _first = -1;
        private long _told = time.GetTimestamp();

        public void Report(DownloadProgress value)
        {
            if (_first < 0) _first = value.Bytes;
            if (time.GetElapsedTime(_told) < Interval) return;
            _told = time.GetTimestamp();
            double pace = (value.Bytes - _first) / time.GetElapsedTime(_start).TotalSeconds;
            string left = value.Total is { } total && pace > 0 ? $", left {Figures.Time(TimeSpan.FromSeconds((total - value.Bytes) / pace))}" : "";
            output.WriteLine($"{name}: {Figures.Megabytes(value.Bytes)}{(value.Total is { } all ? $" of {Figures.Megabytes(all)}" : "")}, {Figures.Megabytes(pace)}/s{left}");
        }
    }
}
