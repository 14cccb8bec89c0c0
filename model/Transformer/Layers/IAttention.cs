using static TorchSharp.torch;

namespace MiniMind.Transformer.Layers;

/// <summary>
/// Who attends to whom. Shapes: N tokens, H query heads, K key-value heads (K divides H), W head width.
/// </summary>
public interface IAttention
{
    /// <summary>Causal attention with scale 1/√W.</summary>
    /// <param name="layer">Index of the layer that asks (a cache keeps keys and values per layer).</param>
    /// <param name="queries">[N, H, W], normalised and rotated.</param>
    /// <param name="keys">[N, K, W], normalised and rotated.</param>
    /// <param name="values">[N, K, W].</param>
    /// <returns>[N, H·W], a fresh tensor.</returns>
    Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values);
}
