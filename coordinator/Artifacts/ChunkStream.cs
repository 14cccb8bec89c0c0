using Grpc.Core;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Artifacts;

/// <summary>The data of a stream of chunks as one readable stream; the first chunk has been taken from it already.</summary>
/// <remarks>It is read once, from front to back, asynchronously: what else a Stream can do is not supported, as its contract allows.</remarks>
internal sealed class ChunkStream(ArtifactChunk first, IAsyncStreamReader<ArtifactChunk> rest) : Stream
{
    private ReadOnlyMemory<byte> _pending = first.Data.Memory;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_pending.IsEmpty)
        {
            if (!await rest.MoveNext(cancellationToken)) return 0;
            _pending = rest.Current.Data.Memory;
        }

        int count = Math.Min(buffer.Length, _pending.Length);
        _pending[..count].CopyTo(buffer);
        _pending = _pending[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("chunks arrive asynchronously");
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
