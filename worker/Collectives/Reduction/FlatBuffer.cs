using System.Buffers;
using System.Runtime.InteropServices;

namespace MiniMind.Collectives.Reduction;

/// <summary>
/// A float32 buffer outside the garbage collector's heap, aligned to 64 bytes, whose content is undefined at first. Owner: whoever disposes it.
/// </summary>
public sealed unsafe class FlatBuffer : MemoryManager<float>
{
    private readonly NativeBlock _block;
    private bool _disposed;

    /// <param name="length">Number of floats.</param>
    public FlatBuffer(int length)
    {
        Length = length;
        _block = NativeBlocks.Shared.Rent((nuint)Math.Max(length, 1) * sizeof(float));
    }

    /// <summary>Number of floats.</summary>
    public int Length { get; }

    /// <summary>Touches memory that the next buffers of about this length will have: for when there is time for it.</summary>
    public static void Prepare(int length, int count)
    {
        var buffers = Enumerable.Range(0, count).Select(_ => new FlatBuffer(length)).ToList();
        foreach (var buffer in buffers) buffer.GetSpan().Clear();
        foreach (var buffer in buffers) buffer.Dispose(true);
    }

    public override Span<float> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new Span<float>((void*)_block.Start, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new MemoryHandle((float*)_block.Start + elementIndex);
    }

    public override void Unpin() { }

    protected override void Dispose(bool disposing)
    {
        if (_disposed) return;
        _disposed = true;
        NativeBlocks.Shared.Return(_block);
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
