using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace MiniMind.Collectives.Grpc;

/// <summary>
/// Memory for the server's sockets and pipes in large pinned blocks. With the server's own 4 KB blocks the exchange of a
/// gradient takes almost twice the processor time (all-reduce figures in the project's findings).
/// </summary>
internal sealed class PinnedBlockPool : MemoryPool<byte>
{
    private const int BlockBytes = 256 << 10;

    // 128 MB: more than one connection's buffers ever hold, so that blocks are made once and kept.
    private const int MostKeptBlocks = 512;

    private readonly ConcurrentQueue<Block> _free = new();
    private volatile bool _disposed;

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        return _free.TryDequeue(out var block) ? block : new Block(this);
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        _free.Clear();
    }

    private void Return(Block block)
    {
        if (!_disposed && _free.Count < MostKeptBlocks) _free.Enqueue(block);
    }

    private sealed class Block(PinnedBlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } =
            MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);

        public void Dispose() => pool.Return(this);
    }
}

/// <summary>Gives the server pools of <see cref="PinnedBlockPool"/>.</summary>
internal sealed class PinnedBlockPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new PinnedBlockPool();
}
