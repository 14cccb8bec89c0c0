using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>A replica that says to what moment it has come, and goes on when it may.</summary>
/// <param name="computed">Given the gradient of every lane, to do to it what it likes.</param>
internal sealed class WatchedReplica(IReplica inner, Func<Moment, long, Task> reached, Action<long, int, Memory<float>> computed) : IReplica
{
    public Memory<float> Gradient => inner.Gradient;

    public IReadOnlyList<Memory<float>> State => inner.State;

    public IReadOnlyList<Memory<float>> StateInPlace => inner.StateInPlace;

    public async Task<Sums> ComputeLaneAsync(long step, int lane, CancellationToken cancellation)
    {
        await reached(Moment.Lane, step);
        var sums = await inner.ComputeLaneAsync(step, lane, cancellation);
        computed(step, lane, inner.Gradient);
        return sums;
    }

    public Task<Sums> ValidateLaneAsync(int lane, CancellationToken cancellation) => inner.ValidateLaneAsync(lane, cancellation);

    public async Task<UpdateFacts> ApplyAsync(long step, Sums reduced)
    {
        await reached(Moment.Apply, step);
        var facts = await inner.ApplyAsync(step, reduced);
        await reached(Moment.Applied, step);
        return facts;
    }

    public byte[] WeightsDigest() => inner.WeightsDigest();

    public byte[] StateDigest(IReadOnlyList<Memory<float>> buffers) => inner.StateDigest(buffers);

    public void Adopt(long step, IReadOnlyList<Memory<float>> buffers) => inner.Adopt(step, buffers);

    public async Task RestoreAsync(RestorePoint point, CancellationToken cancellation)
    {
        await reached(Moment.Restore, point.Step);
        await inner.RestoreAsync(point, cancellation);
    }

    public async Task<CheckpointWriter> SnapshotAsync(Position position)
    {
        var write = await inner.SnapshotAsync(position);
        await reached(Moment.Snapshot, position.Step);
        return async cancellation =>
        {
            var files = await write(cancellation);
            await reached(Moment.Uploaded, position.Step);
            return files;
        };
    }
}

/// <summary>A transport that says what it is about to send, and sends it when it may.</summary>
internal sealed class WatchedTransport(ITransport inner, Func<Moment, long, Task> reached) : ITransport
{
    public string Endpoint => inner.Endpoint;

    public Task StartAsync(IFrameReceiver receiver, CancellationToken cancellation) => inner.StartAsync(receiver, cancellation);

    public async Task<ILink> ConnectAsync(string endpoint, LinkIdentity identity, CancellationToken cancellation) =>
        new Link(await inner.ConnectAsync(endpoint, identity, cancellation), reached);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Link(ILink inner, Func<Moment, long, Task> reached) : ILink
    {
        public async ValueTask SendAsync(FrameHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
        {
            if (Enum.TryParse<Moment>(header.Kind.ToString(), out var moment)) await reached(moment, header.Step);
            await inner.SendAsync(header, payload, cancellation);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
