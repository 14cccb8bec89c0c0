using TorchSharp;

namespace MiniMind.Transformer.Runtime;

/// <summary>
/// Numbers as operations take them. TorchSharp hands libtorch the bare address of a <see cref="Scalar"/>, which the finalizer may free before libtorch has
/// read it: then the operation fails, or computes with whatever number lies there. So every scalar is kept by something: the constants by this class, others
/// by an instance, until it is disposed of. The implicit conversions are banned, and with them <c>arange</c> and sums without their factor, which convert
/// inside.
/// </summary>
internal sealed class Scalars : IDisposable
{
    public static readonly Scalar One = 1.ToScalar();
    public static readonly Scalar MinusOne = (-1).ToScalar();
    public static readonly Scalar NegativeInfinity = float.NegativeInfinity.ToScalar();

    private readonly List<Scalar> kept = [];

    /// <summary>A number that lives as long as this instance.</summary>
    public Scalar Of(float value)
    {
        var scalar = value.ToScalar();
        kept.Add(scalar);
        return scalar;
    }

    /// <inheritdoc cref="Of(float)"/>
    public Scalar Of(double value)
    {
        var scalar = value.ToScalar();
        kept.Add(scalar);
        return scalar;
    }

    public void Dispose()
    {
        foreach (var scalar in kept) scalar.Dispose();
    }
}
