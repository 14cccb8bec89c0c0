using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Grpc;

/// <summary>The receiving side of <see cref="PeerMethod"/>: admits a stream, then hands its frames to the admitted sink.</summary>
internal sealed class PeerService(IFrameReceiver receiver, string runId, CancellationToken stopping)
{
    public async Task<PeerReceipt> ReceiveAsync(IAsyncStreamReader<IncomingCall> frames, ServerCallContext context)
    {
        var (identity, run) = PeerMethod.Parse(context.RequestHeaders);
        if (run != runId) throw Refused($"this rank belongs to run \"{runId}\", the sender to run \"{run}\"");
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        var link = new AdmittedLink(identity, await AdmitAsync(identity, ending.Token).ConfigureAwait(false));
        string? refusal;
        try
        {
            await context.WriteResponseHeadersAsync(new Metadata { { PeerMethod.Admitted, "yes" } }).ConfigureAwait(false);
            refusal = await ReadAllAsync(frames, new IncomingCall(link), ending.Token).ConfigureAwait(false);
        }
        catch (Exception broken)
        {
            // Cancelled, reset, or closed in the middle of the stream: this transport's own end, or the peer's.
            var reason = stopping.IsCancellationRequested
                ? "the receiver was shut down"
                : $"the connection from rank {identity.From} broke: {(broken as RpcException)?.Status.Detail ?? broken.Message}";
            link.End(reason);
            throw new RpcException(new Status(StatusCode.Unavailable, reason));
        }
        link.End(refusal);
        return refusal is null ? PeerReceipt.Instance : throw new RpcException(new Status(StatusCode.Aborted, refusal));
    }

    /// <summary>Reads frames until the sender completes the stream (null) or one is refused (the reason).</summary>
    private static async Task<string?> ReadAllAsync(IAsyncStreamReader<IncomingCall> frames, IncomingCall call, CancellationToken ending)
    {
        call.Enter();
        while (await frames.MoveNext(ending).ConfigureAwait(false))
            if (call.Refusal is { } refusal) return refusal;
        return null;
    }

    private async Task<IFrameSink> AdmitAsync(LinkIdentity identity, CancellationToken ending)
    {
        try
        {
            return await receiver.AdmitAsync(identity, ending).ConfigureAwait(false)
                ?? throw Refused($"it does not admit rank {identity.From} as a sender to rank {identity.To} in generation {identity.Generation}");
        }
        catch (OperationCanceledException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "it was shut down or the sender gave up"));
        }
    }

    private static RpcException Refused(string reason) => new(new Status(StatusCode.FailedPrecondition, reason));
}

/// <summary>Binds <see cref="PeerService"/> by hand; there is no generated base class for it.</summary>
internal sealed class PeerServiceBinding : IServiceMethodProvider<PeerService>
{
    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<PeerService> context)
    {
        context.AddClientStreamingMethod(PeerMethod.Receiving, [], static (service, frames, call) => service.ReceiveAsync(frames, call));
        context.AddUnaryMethod(PeerMethod.Knocking, [], static (_, _, _) => Task.FromResult(PeerReceipt.Instance));
    }
}
