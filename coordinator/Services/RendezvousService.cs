using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using MiniMind.Coordinator.Grains;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Services;

/// <summary>One call per worker process: reports go to the run's grain, its orders come back.</summary>
public sealed class RendezvousService(IGrainFactory grains, IHostApplicationLifetime lifetime) : Rendezvous.RendezvousBase
{
    public override async Task Attend(
        IAsyncStreamReader<WorkerReport> requestStream, IServerStreamWriter<CoordinatorOrder> responseStream, ServerCallContext context)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        if (!await requestStream.MoveNext(over.Token) || requestStream.Current.Hello is not { } hello)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "expected Hello as the first report"));

        var orders = new OrderQueue();
        var reference = grains.CreateObjectReference<IOrderReceiver>(orders);
        var run = grains.GetGrain<IRunGrain>(hello.RunId);
        await run.ConnectAsync(hello.ToByteArray(), reference);
        var writing = WriteAsync(orders, responseStream, over.Token);
        try
        {
            while (await requestStream.MoveNext(over.Token))
                await run.ReportAsync(hello.Worker, hello.Incarnation, requestStream.Current.ToByteArray());
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            // The worker is gone, or this process ends.
        }
        finally
        {
            await over.CancelAsync();
            await writing;
            await run.DisconnectAsync(hello.Worker, hello.Incarnation, reference);
            grains.DeleteObjectReference<IOrderReceiver>(reference);
            GC.KeepAlive(orders);
        }
    }

    private static async Task WriteAsync(OrderQueue orders, IServerStreamWriter<CoordinatorOrder> stream, CancellationToken over)
    {
        try
        {
            await foreach (var order in orders.Reader.ReadAllAsync(over)) await stream.WriteAsync(order, over);
        }
        catch (Exception fault) when (fault is OperationCanceledException or InvalidOperationException or RpcException)
        {
            // The stream is over.
        }
    }

    private sealed class OrderQueue : IOrderReceiver
    {
        private readonly Channel<CoordinatorOrder> _orders = Channel.CreateUnbounded<CoordinatorOrder>();

        public ChannelReader<CoordinatorOrder> Reader => _orders.Reader;

        public Task ObeyAsync(byte[] order)
        {
            _orders.Writer.TryWrite(CoordinatorOrder.Parser.ParseFrom(order));
            return Task.CompletedTask;
        }
    }
}
