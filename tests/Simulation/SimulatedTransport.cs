using MiniMind.Collectives.Transport;

namespace MiniMind.Simulation;

/// <summary>The transport of one simulated process.</summary>
internal sealed class SimulatedTransport(SimulatedNetwork network, SimulatedProcess process, VirtualWorld world, string endpoint) : ITransport
{
    private IFrameReceiver? _receiver;

    public string Endpoint => endpoint;

    public SimulatedProcess Process => process;

    public Task StartAsync(IFrameReceiver receiver, CancellationToken cancellation)
    {
        _receiver = receiver;
        network.Add(this);
        return Task.CompletedTask;
    }

    public async Task<ILink> ConnectAsync(string endpoint, LinkIdentity identity, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<IFrameSink?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellation.Register(() => answer.TrySetCanceled(cancellation));
        var target = network.Find(endpoint);
        void Unreachable() => process.Schedule(TimeSpan.Zero, () => answer.TrySetException(new LinkException($"{endpoint} is unreachable")));
        if (target is null) process.Schedule(world.Delay(1, 20), Unreachable);
        else network.Carry(process, target.Process, world.Delay(0.5, 5), () => Admit(target, identity, answer, Unreachable, cancellation), Unreachable);
        var sink = await answer.Task ?? throw new LinkException($"{endpoint} refuses generation {identity.Generation}");
        var link = new SimulatedLink(network, world, process, target!.Process, sink);
        network.Add(link);
        target.Process.Died += link.Break;
        process.Died += link.Break;
        return link;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async void Admit(
        SimulatedTransport target, LinkIdentity identity, TaskCompletionSource<IFrameSink?> answer, Action unreachable, CancellationToken cancellation)
    {
        // Runs in the target's process: the decision is carried back.
        IFrameSink? sink = null;
        try
        {
            sink = await target._receiver!.AdmitAsync(identity, cancellation);
        }
        catch (OperationCanceledException)
        {
            // The caller no longer waits.
        }
        network.Carry(target.Process, process, world.Delay(0.5, 5), () =>
        {
            if (!answer.TrySetResult(sink)) sink?.Ended(null);
        }, () =>
        {
            sink?.Ended("the caller is gone");
            unreachable();
        });
    }
}

/// <summary>One ordered link. Payloads are copied when they are sent; frames arrive one after another.</summary>
internal sealed class SimulatedLink(
    SimulatedNetwork network, VirtualWorld world, SimulatedProcess from, SimulatedProcess to, IFrameSink sink) : ILink
{
    private readonly Queue<(FrameHeader Header, byte[] Payload)> _frames = new();
    private bool _carrying;
    private bool _closing;
    private bool _broken;

    public bool IsOver => _broken;

    public bool Joins(string one, string other) => (from.Name == one && to.Name == other) || (from.Name == other && to.Name == one);

    public async ValueTask SendAsync(FrameHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_broken || _closing) throw new LinkException($"the link to {to.Name} is broken");
        _frames.Enqueue((header, payload.ToArray()));
        Pump();
        // Back to the event loop now and then, as a real send would.
        if (world.Random.Next(4) == 0) await Task.Yield();
    }

    public ValueTask DisposeAsync()
    {
        _closing = true;
        Pump();
        return ValueTask.CompletedTask;
    }

    /// <summary>The link breaks at both ends.</summary>
    public void Break()
    {
        if (_broken) return;
        _broken = true;
        to.Schedule(TimeSpan.Zero, () => sink.Ended("connection reset"));
    }

    private void Pump()
    {
        if (_carrying || _broken) return;
        if (_frames.Count > 0) Carry(() => Deliver(_frames.Dequeue()));
        else if (_closing) Carry(() => End(null));
    }

    private void Carry(Action deliver)
    {
        _carrying = true;
        network.Carry(from, to, world.Delay(0.01, 2), () =>
        {
            if (!_broken) deliver();
        }, Break);
    }

    /// <summary>In the receiver's process; the copy itself may take a while.</summary>
    private void Deliver((FrameHeader Header, byte[] Payload) frame)
    {
        Memory<byte> destination;
        try
        {
            if (!sink.TryOpen(frame.Header, out destination))
            {
                End(null);
                return;
            }
        }
        catch (ProtocolException fault)
        {
            throw new InvalidOperationException($"{from.Name} -> {to.Name}: {fault.Message}", fault);
        }
        to.Schedule(world.Random.Next(3) == 0 ? world.Delay(0, 1) : TimeSpan.Zero, () =>
        {
            if (network.DamagesNextState && frame.Header.Kind == FrameKind.State)
            {
                network.DamagesNextState = false;
                frame.Payload[world.Random.Next(frame.Payload.Length)] ^= 1;
            }
            frame.Payload.CopyTo(destination);
            sink.Complete(frame.Header, true);
            _carrying = false;
            Pump();
        });
    }

    private void End(string? reason)
    {
        if (_broken) return;
        _broken = true;
        sink.Ended(reason);
    }
}
