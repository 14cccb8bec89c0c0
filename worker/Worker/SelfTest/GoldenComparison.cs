using System.Globalization;
using System.Text.Json;

namespace MiniMind.Worker.SelfTest;

/// <summary>Prints how far each computed tensor is from the expected one, and remembers whether any is too far.</summary>
public sealed class GoldenComparison(TextWriter output)
{
    /// <summary>‖a−b‖₂/‖b‖₂ in float32, unless a case says otherwise. Element by element no other order of additions would pass.</summary>
    public const double Limit = 1e-4;

    /// <summary>Comparisons that were made.</summary>
    public int Compared { get; private set; }

    /// <summary>Comparisons beyond their limit.</summary>
    public int Failed { get; private set; }

    /// <summary>The largest error so far, whatever its limit, with its name; NaN is larger than any number.</summary>
    public (string Name, double Error) Worst { get; private set; } = ("", 0);

    /// <summary>Compares one tensor.</summary>
    public void Tensor(string name, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double limit = Limit)
    {
        if (actual.Length != expected.Length)
        {
            Report(name, double.PositiveInfinity, limit, $" (expected {expected.Length} elements, found {actual.Length})");
            return;
        }

        double difference = 0, size = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            difference += Math.Pow((double)actual[i] - expected[i], 2);
            size += Math.Pow(expected[i], 2);
        }

        Report(name, difference == 0 ? 0 : Math.Sqrt(difference / size), limit);
    }

    /// <summary>Compares one number, relative to the expected one.</summary>
    public void Scalar(string name, double actual, double expected, double limit = Limit) =>
        Report(name, Math.Abs(actual - expected) / Math.Abs(expected), limit, string.Create(CultureInfo.InvariantCulture, $" (expected {expected:G9}, found {actual:G9})"));

    /// <summary>Compares token ids or texts, which must be equal.</summary>
    public void Exact<T>(string name, IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        var same = 0;
        while (same < Math.Min(actual.Count, expected.Count) && EqualityComparer<T>.Default.Equals(actual[same], expected[same])) same++;
        var equal = actual.Count == expected.Count && same == actual.Count;
        Report(name, equal ? 0 : 1, 0, equal ? $" ({actual.Count} equal)"
            : $" (at {same}: expected {(same < expected.Count ? expected[same] : "the end")}, found {(same < actual.Count ? actual[same] : "the end")})");
    }

    /// <summary>Compares what was made of each line of a file; all must be equal. The first that is not is shown from where it differs.</summary>
    public void Lines(string name, IReadOnlyList<(string Place, string Actual, string Expected)> lines)
    {
        var wrong = lines.Where(line => line.Actual != line.Expected).ToList();
        Report(name, (double)wrong.Count / lines.Count, 0, wrong.Count == 0 ? $" ({lines.Count} equal)" : $" ({wrong.Count} of {lines.Count} differ; {First(wrong[0])})");
    }

    private static string First((string Place, string Actual, string Expected) line)
    {
        const int shown = 40;
        var same = line.Actual.AsSpan().CommonPrefixLength(line.Expected);
        string From(string text) => JsonSerializer.Serialize(text[same..Math.Min(text.Length, same + shown)]);
        return $"{line.Place}, character {same}: expected {From(line.Expected)}, found {From(line.Actual)}";
    }

    private void Report(string name, double error, double limit, string detail = "")
    {
        // Written so that NaN fails.
        var ok = error <= limit;
        Compared++;
        if (!ok) Failed++;
        if (Worst.Name.Length == 0 || double.IsNaN(error) || error > Worst.Error) Worst = (name, error);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {(ok ? "ok  " : "FAIL")} {error:0.00E+00} <= {limit:0E+0}  {name}{detail}"));
    }
}
