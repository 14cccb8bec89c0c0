using Google.Protobuf;
using Grpc.Core;
using MiniMind.Protos;

namespace MiniMind.Worker.Artifacts;

/// <summary>
/// Fetches artifacts from the coordinator's store into the cache, and puts files into the store. An outage of the store is
/// waited out within <see cref="RetryOptions"/>; a download goes on where it stopped. Safe for concurrent use.
/// </summary>
public sealed class ArtifactClient
{
    private const int ChunkBytes = 512 << 10;

    private readonly IStoreChannels _stores;
    private readonly ArtifactCache _cache;
    private readonly RetryOptions _retry;
    private readonly TimeProvider _time;

    /// <param name="stores">Channels to the store, made by <see cref="ChannelFactory.ForTransfer"/>; the caller disposes them.</param>
    /// <param name="cache">Where fetched files are kept.</param>
    /// <param name="retry">How long outages are waited out.</param>
    /// <param name="time">Clock of the pauses.</param>
    /// <exception cref="ArgumentException">The options are wrong; all faults in one message.</exception>
    public ArtifactClient(IStoreChannels stores, ArtifactCache cache, RetryOptions retry, TimeProvider time)
    {
        var faults = retry.Faults();
        if (faults.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(retry));
        _stores = stores;
        _cache = cache;
        _retry = retry;
        _time = time;
    }

    /// <summary>The local path of an artifact, downloaded and verified when it is not cached. Nobody may write to the file.</summary>
    /// <exception cref="ArtifactException">
    /// The store lacks it or stays away, its content does not match the reference, or the disk does not take it.
    /// </exception>
    public Task<string> FetchAsync(ArtifactRef reference, CancellationToken cancellation) =>
        _cache.GetOrAddAsync(reference, (part, stop) => DownloadAsync(reference, part, stop), cancellation);

    /// <summary>Stores a file, unless the store has its content already. The file must not change meanwhile.</summary>
    /// <param name="path">Local file.</param>
    /// <param name="name">Name for people in the reference, e.g. "model.safetensors".</param>
    /// <param name="cancellation">Gives up; the store keeps nothing incomplete.</param>
    /// <exception cref="ArtifactException">The store refuses the file or stays away.</exception>
    public async Task<ArtifactRef> UploadAsync(string path, string name, CancellationToken cancellation)
    {
        var reference = new ArtifactRef
        {
            Name = name,
            Sha256 = await ContentHash.OfFileAsync(path, cancellation).ConfigureAwait(false),
            Size = new FileInfo(path).Length,
        };
        await PersistAsync($"store artifact {Describe(reference)}", new Backoff(_retry), async store =>
        {
            var request = new ArtifactRequest { Sha256 = reference.Sha256 };
            var present = await store.FindAsync(request, cancellationToken: cancellation).ConfigureAwait(false);
            if (!present.Found) await PutAsync(store, path, reference, cancellation).ConfigureAwait(false);
        }, cancellation).ConfigureAwait(false);
        return reference;
    }

    private Task DownloadAsync(ArtifactRef reference, Stream part, CancellationToken cancellation)
    {
        var backoff = new Backoff(_retry);
        return PersistAsync($"fetch artifact {Describe(reference)}", backoff, async store =>
        {
            var request = new ArtifactRequest { Sha256 = reference.Sha256, Offset = part.Position };
            using var call = store.Get(request, cancellationToken: cancellation);
            while (await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
            {
                var data = call.ResponseStream.Current.Data;
                if (part.Position + data.Length > reference.Size)
                    throw new ArtifactException($"Artifact {Describe(reference)}: the store sends more than its {reference.Size} bytes.");
                await part.WriteAsync(data.Memory, cancellation).ConfigureAwait(false);
                if (data.Length > 0) backoff.Reset();
            }
            if (part.Position < reference.Size)
                throw new RpcException(new Status(StatusCode.Unavailable, $"the stream ended after {part.Position} of {reference.Size} bytes"));
        }, cancellation);
    }

    private static async Task PutAsync(Protos.Artifacts.ArtifactsClient store, string path, ArtifactRef reference, CancellationToken cancellation)
    {
        using var call = store.Put(cancellationToken: cancellation);
        await SendFileAsync(path, reference, call.RequestStream, cancellation).ConfigureAwait(false);
        var receipt = await call.ResponseAsync.ConfigureAwait(false);
        if (!receipt.Found || receipt.Size != reference.Size)
            throw new ArtifactException($"Artifact {Describe(reference)}: expected the store to keep {reference.Size} bytes, found {receipt.Size}.");
    }

    /// <summary>Sends a file, or as much of it as the store takes.</summary>
    private static async Task SendFileAsync(
        string path, ArtifactRef reference, IClientStreamWriter<ArtifactChunk> stream, CancellationToken cancellation)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        await using (file.ConfigureAwait(false))
        {
            var buffer = new byte[ChunkBytes];
            var chunk = new ArtifactChunk { Sha256 = reference.Sha256, Size = reference.Size };
            int count;
            // An empty file is one empty chunk. gRPC has copied the buffer when a write completes.
            while ((count = await file.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0 || chunk.Sha256.Length > 0)
            {
                chunk.Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count));
                if (!await IsTakenAsync(stream.WriteAsync(chunk, cancellation)).ConfigureAwait(false)) return;
                chunk = new ArtifactChunk();
            }
            await IsTakenAsync(stream.CompleteAsync()).ConfigureAwait(false);
        }
    }

    /// <summary>False: the store has answered before the end of the stream, as it needs no more or refuses it, or the connection broke; the answer says which.</summary>
    private static async Task<bool> IsTakenAsync(Task write)
    {
        try
        {
            await write.ConfigureAwait(false);
            return true;
        }
        catch (Exception early) when (early is RpcException or InvalidOperationException or IOException)
        {
            return false;
        }
    }

    /// <summary>Tries until it works, fails for good, or fails too often in a row.</summary>
    private async Task PersistAsync(string what, Backoff backoff, Func<Protos.Artifacts.ArtifactsClient, Task> attempt, CancellationToken cancellation)
    {
        while (true)
        {
            var channel = _stores.Current;
            try
            {
                await attempt(new Protos.Artifacts.ArtifactsClient(channel)).ConfigureAwait(false);
                return;
            }
            catch (RpcException failure)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!IsPassing(failure.StatusCode))
                    throw new ArtifactException($"Cannot {what}: {failure.Status.Detail} ({failure.StatusCode}).", failure);
                if (backoff.NextPause() is not { } pause)
                    throw new ArtifactException($"Cannot {what}: the store stays out of reach: {Explain(failure)}.", failure);
                _stores.MoveOn(channel);
                await Task.Delay(pause, _time, cancellation).ConfigureAwait(false);
            }
        }
    }

    // INTERNAL, CANCELLED and UNKNOWN are how the client reports connections that broke inside a stream.
    private static bool IsPassing(StatusCode code) =>
        code is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown or StatusCode.DeadlineExceeded;

    /// <summary>The store's own words, or the innermost cause ("Connection refused") when the connection failed on this side.</summary>
    private static string Explain(RpcException failure) =>
        (failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail).TrimEnd('.');

    private static string Describe(ArtifactRef reference) => $"{reference.Name} (sha256 {reference.Sha256})";
}
