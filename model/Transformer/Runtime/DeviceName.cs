using System.Globalization;
using MiniMind.Text;

namespace MiniMind.Transformer.Runtime;

/// <summary>A device as users write it: "cpu", "cuda" (the first one) or "cuda:N".</summary>
public readonly record struct DeviceName(bool IsCuda, int Index)
{
    /// <exception cref="InputException">Neither of the three forms.</exception>
    public static DeviceName Parse(string text)
    {
        if (text == "cpu") return default;
        if (text == "cuda") return new DeviceName(true, 0);
        if (text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return new DeviceName(true, index);
        throw new InputException($"device: expected cpu, cuda or cuda:N, found '{text}'");
    }

    public override string ToString() => IsCuda ? $"cuda:{Index}" : "cpu";
}
