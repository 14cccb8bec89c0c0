using Grpc.Core;
using Grpc.Net.Client;
using MiniMind.Collectives.Transport;

namespace MiniMind.Collectives.Grpc;

/// <summary>
/// The sending end of a link: one client stream on a connection of its own, so that closing the link leaves nothing behind.
/// </summary>
internal sealed class GrpcLink : ILink
{
    // The stream's final status follows a failed write; if it does not, the write's own error must do.
    private static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(1);

    private readonly string _endpoint;
    private readonly LinkIdentity _identity;
    private readonly GrpcChannel _channel;
    private readonly TimeSpan _closeTimeout;
    private readonly Action<GrpcLink> _onClosed;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _abort = new();
    private readonly AsyncClientStreamingCall<OutgoingFrame, PeerReceipt> _call;
    private readonly OutgoingFrame _frame = new();
    private readonly Task _over;
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _broken;
    private int _sending;
    private int _closed;

    public GrpcLink(
        string endpoint, LinkIdentity identity, string runId, GrpcChannel channel, TimeSpan closeTimeout,
        Action<GrpcLink> closed, TimeProvider time)
    {
        _endpoint = endpoint;
        _identity = identity;
        _channel = channel;
        _closeTimeout = closeTimeout;
        _onClosed = closed;
        _time = time;
        _call = channel.CreateCallInvoker().AsyncClientStreamingCall(
            PeerMethod.Sending, null, new CallOptions(PeerMethod.Describe(identity, runId), cancellationToken: _abort.Token));
        _over = WatchAsync();
    }

    /// <summary>Completes when a link that is being closed in order has closed, which takes a bounded time; at once for any other.</summary>
    public Task Closing => Volatile.Read(ref _closed) == 1 ? _gone.Task : Task.CompletedTask;

    /// <summary>Completes when the peer has admitted the link, however long that takes it, as long as it is there.</summary>
    /// <param name="answer">Longest time to wait for a sign that it is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LinkException">The peer refuses, is not there, or ends.</exception>
    public async Task OpenAsync(TimeSpan answer, CancellationToken cancellation)
    {
        using var opened = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var knocking = KnockAsync(answer, opened.Token);
        try
        {
            await OpenAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            await opened.CancelAsync().ConfigureAwait(false);
            await knocking.ConfigureAwait(false);
        }
    }

    private async Task OpenAsync(CancellationToken cancellation)
    {
        using var registration = cancellation.UnsafeRegister(static link => ((GrpcLink)link!).Break("opening it was cancelled"), this);
        try
        {
            var headers = await _call.ResponseHeadersAsync.ConfigureAwait(false);
            if (headers.GetValue(PeerMethod.Admitted) is not null && !cancellation.IsCancellationRequested) return;
            await _over.ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            Interlocked.CompareExchange(ref _broken, Explain(failure), null);
        }
        cancellation.ThrowIfCancellationRequested();
        throw new LinkException(
            $"Cannot open the link to rank {_identity.To} at {_endpoint} in generation {_identity.Generation}: {_broken ?? "it closed at once"}.");
    }

    /// <summary>Asks the peer again and again whether it is there, and breaks the link when it does not answer.</summary>
    private async Task KnockAsync(TimeSpan answer, CancellationToken opened)
    {
        try
        {
            while (true)
            {
                using var patience = new CancellationTokenSource(answer, _time);
                using var bounded = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, opened);
                using var call = _channel.CreateCallInvoker().AsyncUnaryCall(
                    PeerMethod.Knocking, null, new CallOptions(cancellationToken: bounded.Token), PeerReceipt.Instance);
                try
                {
                    await call.ResponseAsync.ConfigureAwait(false);
                }
                catch (RpcException) when (patience.IsCancellationRequested && !opened.IsCancellationRequested)
                {
                    Break($"no answer for {answer.TotalSeconds:0.#} s");
                    return;
                }
                await Task.Delay(answer, _time, opened).ConfigureAwait(false);
            }
        }
        catch (Exception over) when (over is RpcException or OperationCanceledException)
        {
            // It is open, or whoever opens it is told why not.
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(FrameHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        FrameRules.Check(header, payload, _identity);
        if (Volatile.Read(ref _closed) == 1) throw NewLinkException("it was closed", null);
        if (Interlocked.Exchange(ref _sending, 1) == 1)
            throw new InvalidOperationException($"Two senders use the link to rank {_identity.To} at the same time.");
        try
        {
            await WriteAsync(header, payload, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _frame.Payload = default;
            Volatile.Write(ref _sending, 0);
        }
    }

    /// <summary>Breaks the link at once; frames under way may be lost. The first reason stays.</summary>
    public void Break(string reason)
    {
        Interlocked.CompareExchange(ref _broken, reason, null);
        try
        {
            _abort.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Closed already: nothing is left to break.
        }
    }

    /// <summary>
    /// Closes the link in order: waits, for a bounded time, until the peer has taken every frame. A broken link closes at once.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 1) return;
        try
        {
            if (Volatile.Read(ref _broken) is null)
            {
                await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
                await _over.WaitAsync(_closeTimeout, _time).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is RpcException or TimeoutException or InvalidOperationException or IOException)
        {
            // The peer is gone or does not answer; the connection is closed either way.
        }
        Break("it was closed");
        await _over.ConfigureAwait(false);
        _call.Dispose();
        _channel.Dispose();
        _abort.Dispose();
        _onClosed(this);
        _gone.SetResult();
    }

    private async Task WriteAsync(FrameHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) Break(FrameRules.CancelledSend);
        cancellation.ThrowIfCancellationRequested();
        ThrowIfBroken();
        using var registration = cancellation.UnsafeRegister(static link => ((GrpcLink)link!).Break(FrameRules.CancelledSend), this);
        try
        {
            _frame.Header = header;
            _frame.Payload = payload;
            await _call.RequestStream.WriteAsync(_frame, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException or IOException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            await Task.WhenAny(_over, Task.Delay(StatusPatience, _time, CancellationToken.None)).ConfigureAwait(false);
            Break(failure is RpcException status ? Explain(status) : failure.Message);
            throw NewLinkException(_broken!, failure);
        }
    }

    /// <summary>Notices the end of the stream, whoever ends it, also while nothing is being sent.</summary>
    private async Task WatchAsync()
    {
        string reason;
        try
        {
            await _call.ResponseAsync.ConfigureAwait(false);
            reason = "the peer has closed it";
        }
        catch (RpcException failure)
        {
            reason = Explain(failure);
        }
        Interlocked.CompareExchange(ref _broken, reason, null);
    }

    /// <summary>The peer's own words, or the innermost cause ("Connection refused") when the connection failed on this side.</summary>
    private static string Explain(RpcException failure) =>
        (failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail).TrimEnd('.');

    private void ThrowIfBroken()
    {
        if (Volatile.Read(ref _broken) is { } reason) throw NewLinkException(reason, null);
    }

    private LinkException NewLinkException(string reason, Exception? cause)
    {
        var message = $"The link to rank {_identity.To} at {_endpoint} is broken: {reason}.";
        return cause is null ? new LinkException(message) : new LinkException(message, cause);
    }
}
