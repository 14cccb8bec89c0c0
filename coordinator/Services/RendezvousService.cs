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
        var writing = Task.CompletedTask;
        try
        {
            await run.ConnectAsync(hello.ToByteArray(), reference);
            writing = WriteAsync(orders, responseStream, over.Token);
            while (await requestStream.MoveNext(over.Token))
                if (!await run.ReportAsync(hello.Worker, hello.Incarnation, requestStream.Current.ToByteArray())) throw Again("another activation leads the run");
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            // The worker is gone, or this process ends.
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
            // The activation ended with its process, or waits for its storage.
            throw Again(fault.Message);
        }
        finally
        {
            await over.CancelAsync();
            await writing;
            await DisconnectAsync(run, hello, reference);
            grains.DeleteObjectReference<IOrderReceiver>(reference);
            GC.KeepAlive(orders);
        }
    }

    /// <summary>Tells the worker to open another stream, and to say again what is not yet durable.</summary>
    private static RpcException Again(string reason) => new(new Status(StatusCode.Aborted, reason));

    private static async Task DisconnectAsync(IRunGrain run, Hello hello, IOrderReceiver orders)
    {
        try
        {
            await run.DisconnectAsync(hello.Worker, hello.Incarnation, orders);
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
            // Whatever activation comes next does not know of the stream.
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
