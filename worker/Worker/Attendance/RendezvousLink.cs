using Grpc.Core;
using MiniMind.Collectives.Membership;
using MiniMind.Protos;

namespace MiniMind.Worker.Attendance;

/// <summary>
/// The stream to whichever coordinator can be reached. While none can, the worker goes on; the link keeps trying until the worker counts as an orphan.
/// </summary>
internal sealed class RendezvousLink(
    string coordinator, ReportOutbox outbox, Func<Hello> introduce, Func<Heartbeat> beat, Action<CoordinatorOrder> obey, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>How often the worker says that it is alive.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Without a coordinator for so long, the worker ends.</summary>
    public TimeSpan OrphanTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Keeps a stream open until cancelled.</summary>
    /// <exception cref="OrphanException">No coordinator could be reached for <see cref="OrphanTimeout"/>.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var channel = ChannelFactory.ForControl(coordinator);
        var client = new Rendezvous.RendezvousClient(channel);
        var alone = time.GetTimestamp();
        while (true)
        {
            var heard = false;
            Exception? broken = null;
            try
            {
                await AttendAsync(client, () => heard = true, cancellation);
            }
            catch (Exception fault) when (IsBreak(fault) && !cancellation.IsCancellationRequested)
            {
                broken = fault;
            }
            catch (Exception fault) when (IsBreak(fault))
            {
                throw new OperationCanceledException(cancellation);
            }
            // A stream that carried orders has only just ended, in order or not, however long ago the last of them came.
            if (heard) alone = time.GetTimestamp();
            if (broken is not null && time.GetElapsedTime(alone) > OrphanTimeout)
                throw new OrphanException($"no coordinator at {coordinator} for {OrphanTimeout.TotalSeconds:0} s: {(broken as RpcException)?.Status.Detail ?? broken.Message}");
            await Task.Delay(Pause, time, cancellation);
        }
    }

    private async Task AttendAsync(Rendezvous.RendezvousClient client, Action heard, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = client.Attend(cancellationToken: over.Token);
        using var gate = new SemaphoreSlim(1);
        await call.RequestStream.WriteAsync(new WorkerReport { Hello = introduce() }, over.Token);
        outbox.Rewind();
        var sending = SendAsync(call, gate, () => outbox.TakeAsync(over.Token), over.Token);
        var beating = SendAsync(call, gate, BeatAsync, over.Token);
        try
        {
            await foreach (var order in call.ResponseStream.ReadAllAsync(over.Token))
            {
                heard();
                obey(order);
            }
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(sending, beating);
        }

        async Task<WorkerReport> BeatAsync()
        {
            await Task.Delay(HeartbeatInterval, time, over.Token);
            return new WorkerReport { Heartbeat = beat() };
        }
    }

    /// <summary>A connection that breaks while something is written to it is not always reported as a status of the call.</summary>
    private static bool IsBreak(Exception fault) => fault is RpcException or IOException or InvalidOperationException;

    /// <summary>Sends what comes until the stream is over; how it ended is the reader's to say.</summary>
    private static async Task SendAsync(
        AsyncDuplexStreamingCall<WorkerReport, CoordinatorOrder> call, SemaphoreSlim gate, Func<Task<WorkerReport>> next, CancellationToken over)
    {
        try
        {
            while (true)
            {
                var report = await next();
                await gate.WaitAsync(over);
                try
                {
                    await call.RequestStream.WriteAsync(report, over);
                }
                finally
                {
                    gate.Release();
                }
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException || IsBreak(fault))
        {
            // The stream is over; everything that matters is kept by the outbox.
        }
    }
}

/// <summary>No coordinator has been reachable for too long.</summary>
public sealed class OrphanException(string message) : Exception(message);
