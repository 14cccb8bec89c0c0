using MiniMind.Coordinator.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Doctor;

/// <summary>The histogram of lengths as a picture.</summary>
internal static class LengthPlot
{
    private const int Width = 1000;
    private const int Height = 500;
    private const int Bars = 60;

    /// <exception cref="InputException">The name ends in neither .png nor .svg.</exception>
    public static void CheckName(string path)
    {
        if (Path.GetExtension(path) is not (".png" or ".svg")) throw new InputException($"{path}: expected a name that ends in .png or .svg");
    }

    public static Task SaveAsync(LengthReport lengths, string path)
    {
        using var plot = new ScottPlot.Plot();
        int width = Math.Max(1, (lengths.Most + Bars) / Bars);
        var bars = lengths.Histogram.GroupBy(entry => entry.Length / width)
            .Select(group => new ScottPlot.Bar { Position = (group.Key + 0.5) * width, Value = group.Sum(entry => entry.Documents), Size = width * 0.9 });
        plot.Add.Bars(bars.ToArray());
        plot.Add.VerticalLine(lengths.SequenceLength).LegendText = $"sequence of {lengths.SequenceLength}";
        plot.ShowLegend();
        plot.Axes.Margins(bottom: 0);
        plot.Title($"{lengths.Documents:N0} documents, {lengths.Tokens:N0} tokens");
        plot.XLabel("tokens in a document");
        plot.YLabel("documents");
        byte[] bytes = path.EndsWith(".svg", StringComparison.Ordinal)
            ? System.Text.Encoding.UTF8.GetBytes(plot.GetSvgXml(Width, Height))
            : plot.GetImageBytes(Width, Height, ScottPlot.ImageFormat.Png);
        return AtomicFile.WriteAsync(path, stream => stream.WriteAsync(bytes).AsTask());
    }
}
