using System.Runtime.InteropServices;

namespace MiniMind.Collectives.Reduction;

/// <summary>
/// Native memory that is used again: generation after generation needs buffers of much the same sizes, and the first touch of fresh memory costs more than what is
/// done with it. What is kept unused is at most twice the largest block.
/// </summary>
internal sealed unsafe class NativeBlocks
{
    private const nuint Alignment = 64;

    private readonly Lock _gate = new();
    private readonly List<NativeBlock> _free = [];
    private nuint _largest;
    private nuint _kept;

    /// <summary>Those of the process.</summary>
    public static NativeBlocks Shared { get; } = new();

    /// <summary>A block of at least so many bytes, content undefined; to be given back by <see cref="Return"/>, once.</summary>
    public NativeBlock Rent(nuint bytes)
    {
        lock (_gate)
        {
            _largest = nuint.Max(_largest, bytes);
            var fitting = _free.Where(block => block.Bytes >= bytes).MinBy(block => block.Bytes);
            if (fitting is not null)
            {
                _free.Remove(fitting);
                _kept -= fitting.Bytes;
                return fitting;
            }
        }
        return new NativeBlock((nint)NativeMemory.AlignedAlloc(bytes, Alignment), bytes);
    }

    /// <summary>The block is no longer used.</summary>
    public void Return(NativeBlock block)
    {
        lock (_gate)
        {
            if (_kept + block.Bytes <= 2 * _largest)
            {
                _free.Add(block);
                _kept += block.Bytes;
                return;
            }
        }
        NativeMemory.AlignedFree((void*)block.Start);
    }
}

/// <summary>Memory that the garbage collector knows nothing of.</summary>
/// <param name="Start">Address, a multiple of 64.</param>
/// <param name="Bytes">Size.</param>
internal sealed record NativeBlock(nint Start, nuint Bytes);
