using MiniMind.Transformer.Runtime;
using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>The angles of a batch of tokens: cosines and signed sines, each [N, 1, W] for N tokens and heads of width W.</summary>
public readonly record struct RotaryAngles(Tensor Cosines, Tensor Sines)
{
    /// <summary>
    /// Turns each pair (x[i], x[i + W/2]) of heads [N, H, W] by its token's angle ("rotate-half"). The sines carry the minus of the
    /// first half, so that swapping the halves is one roll.
    /// </summary>
    public Tensor Turn(Tensor heads)
    {
        var swapped = heads.roll(heads.size(2) / 2, 2);
        return (heads * Cosines).addcmul(swapped, Sines, Scalars.One);
    }
}

/// <summary>
/// Cosines and sines for every position so far asked for. Source: Su et al. 2021, "RoFormer", with the angles computed in
/// float32 as Hugging Face does, so that long contexts agree with it.
/// </summary>
internal sealed class RotaryTable(int width, double theta, Device device) : IDisposable
{
    private readonly Lock growing = new();
    private Tensor? cosines;
    private Tensor? sines;

    /// <summary>The rows for <paramref name="positions"/> (on the CPU).</summary>
    public RotaryAngles At(ReadOnlySpan<long> positions)
    {
        var longest = 0L;
        foreach (var position in positions) longest = Math.Max(longest, position);
        using var rows = tensor(positions.ToArray(), device: device);
        lock (growing)
        {
            if (cosines is null || longest >= cosines.size(0)) Grow(Math.Max(longest + 1, 2 * (cosines?.size(0) ?? 256)));
            return new RotaryAngles(cosines!.index_select(0, rows).unsqueeze_(1), sines!.index_select(0, rows).unsqueeze_(1));
        }
    }

    public void Dispose()
    {
        cosines?.Dispose();
        sines?.Dispose();
    }

    private void Grow(long positions)
    {
        var half = width / 2;
        var cosine = new float[positions * width];
        var sine = new float[positions * width];
        for (var pair = 0; pair < half; pair++)
        {
            var frequency = 1f / (float)Math.Pow((float)theta, 2f * pair / width);
            for (var position = 0L; position < positions; position++)
            {
                var angle = (double)(position * frequency);
                var first = position * width + pair;
                cosine[first] = cosine[first + half] = (float)Math.Cos(angle);
                sine[first + half] = (float)Math.Sin(angle);
                sine[first] = -sine[first + half];
            }
        }

        Dispose();
        cosines = tensor(cosine, [positions, width], device: device).DetachFromDisposeScope();
        sines = tensor(sine, [positions, width], device: device).DetachFromDisposeScope();
    }
}
