using System.Buffers;
using System.Runtime.InteropServices;

namespace MiniMind.Collectives.Reduction;

/// <summary>A float32 buffer outside the garbage collector's heap, aligned to 64 bytes. Owner: whoever disposes it.</summary>
public sealed unsafe class FlatBuffer : MemoryManager<float>
{
    private float* _start;

    /// <param name="length">Number of floats; the content is zero.</param>
    public FlatBuffer(int length)
    {
        Length = length;
        _start = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1) * sizeof(float), 64);
        GetSpan().Clear();
    }

    /// <summary>Number of floats.</summary>
    public int Length { get; }

    public override Span<float> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        return new Span<float>(_start, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin() { }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }
}

/// <summary>The bytes of a float32 memory, without a copy. Owns nothing.</summary>
public sealed class ByteView(Memory<float> floats) : MemoryManager<byte>
{
    /// <summary>The bytes of a memory of floats.</summary>
    public static Memory<byte> Of(Memory<float> floats) => new ByteView(floats).Memory;

    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(floats.Span);

    public override unsafe MemoryHandle Pin(int elementIndex = 0)
    {
        var handle = floats.Pin();
        return new MemoryHandle((byte*)handle.Pointer + elementIndex, default, new Unpinner(handle));
    }

    public override void Unpin() { }

    protected override void Dispose(bool disposing) { }

    private sealed class Unpinner(MemoryHandle handle) : IPinnable
    {
        private MemoryHandle _handle = handle;

        public MemoryHandle Pin(int elementIndex) => throw new InvalidOperationException("already pinned");

        public void Unpin() => _handle.Dispose();
    }
}
