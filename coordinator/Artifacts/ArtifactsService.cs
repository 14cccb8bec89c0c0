using Google.Protobuf;
using Grpc.Core;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Artifacts;

/// <summary>The artifact store on the wire: 1 MB chunks, faults as gRPC statuses that name the artifact.</summary>
public sealed class ArtifactsService(ArtifactStore store) : Protos.Artifacts.ArtifactsBase
{
    private const int ChunkBytes = 1 << 20;

    public override async Task Get(ArtifactRequest request, IServerStreamWriter<ArtifactChunk> responseStream, ServerCallContext context)
    {
        using var content = Open(request);
        // Every chunk is serialized before WriteAsync returns, so one buffer serves them all.
        byte[] buffer = new byte[ChunkBytes];
        bool first = true;
        int count;
        while ((count = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.CancellationToken)) > 0 || first)
        {
            var chunk = new ArtifactChunk { Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)) };
            if (first) chunk.Size = content.Length;
            first = false;
            await responseStream.WriteAsync(chunk, context.CancellationToken);
        }
    }

    public override async Task<ArtifactReceipt> Put(IAsyncStreamReader<ArtifactChunk> requestStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken))
            throw Fault(StatusCode.InvalidArgument, "expected a first chunk with the hash and size of an artifact, found none");
        var head = requestStream.Current;
        RequireHash(head.Sha256);
        try
        {
            await using var content = new ChunkStream(head, requestStream);
            await store.PutAsync(content, head.Sha256, head.Size, context.CancellationToken);
            return new ArtifactReceipt { Found = true, Size = head.Size };
        }
        catch (InvalidDataException fault)
        {
            throw Fault(StatusCode.DataLoss, fault.Message);
        }
        catch (IOException fault)
        {
            var status = DiskFull.IsCause(fault) ? StatusCode.ResourceExhausted : StatusCode.Internal;
            throw Fault(status, $"artifact {head.Sha256} could not be stored: {fault.Message}");
        }
    }

    public override Task<ArtifactReceipt> Find(ArtifactRequest request, ServerCallContext context)
    {
        RequireHash(request.Sha256);
        long? size = store.SizeOf(request.Sha256);
        return Task.FromResult(new ArtifactReceipt { Found = size is not null, Size = size ?? 0 });
    }

    private Stream Open(ArtifactRequest request)
    {
        RequireHash(request.Sha256);
        try
        {
            return store.OpenRead(request.Sha256, request.Offset);
        }
        catch (FileNotFoundException fault)
        {
            throw Fault(StatusCode.NotFound, fault.Message);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw Fault(StatusCode.OutOfRange, $"artifact {request.Sha256}: expected an offset from 0 to {store.SizeOf(request.Sha256)}, found {request.Offset}");
        }
    }

    private static void RequireHash(string sha256)
    {
        if (!ArtifactStore.IsHash(sha256))
            throw Fault(StatusCode.InvalidArgument, $"expected an artifact's SHA-256 as 64 lower-case hexadecimal digits, found '{sha256}'");
    }

    private static RpcException Fault(StatusCode code, string detail) => new(new Status(code, detail));
}
