using static TorchSharp.torch;

namespace MiniMind.Transformer.Kernels;

/// <summary>Access to the elements of contiguous float32 tensors on the CPU.</summary>
internal static unsafe class Floats
{
    /// <summary>
    /// Address of the first element, as an integer because lambdas cannot capture pointers. Valid while the tensor lives;
    /// libtorch never moves its memory.
    /// </summary>
    public static nint AddressOf(Tensor tensor)
    {
        fixed (byte* first = tensor.bytes) return (nint)first;
    }
}
