using System.Buffers;
using TorchSharp;

namespace MiniMind.Transformer.Training;

/// <summary>
/// The elements of a contiguous float32 tensor on the CPU as Memory, without a copy. The tensor owns the memory: once it is
/// released, every access throws <see cref="ObjectDisposedException"/>; a span taken before must not be used after.
/// </summary>
internal sealed unsafe class NativeFloats : MemoryManager<float>
{
    private readonly int length;
    private float* start;

    public NativeFloats(torch.Tensor tensor)
    {
        length = checked((int)tensor.numel());
        fixed (byte* first = tensor.bytes) start = (float*)first;
    }

    public override Span<float> GetSpan() => new(Start, length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length);
        return new MemoryHandle(Start + elementIndex);
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing) => start = null;

    private float* Start
    {
        get
        {
            ObjectDisposedException.ThrowIf(start is null, this);
            return start;
        }
    }
}
