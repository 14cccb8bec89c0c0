namespace MiniMind.Simulation;

/// <summary>One direction of a control stream: messages arrive in order, or the stream breaks.</summary>
internal sealed class OrderedStream<T>(
    SimulatedNetwork network, VirtualWorld world, SimulatedProcess from, SimulatedProcess to, Action<T> deliver, Action broken)
{
    private readonly Queue<T> _messages = new();
    private bool _carrying;
    private bool _broken;

    public void Send(T message)
    {
        if (_broken) return;
        _messages.Enqueue(message);
        Pump();
    }

    public void Break()
    {
        if (_broken) return;
        _broken = true;
        broken();
    }

    private void Pump()
    {
        if (_carrying || _broken || _messages.Count == 0) return;
        _carrying = true;
        network.Carry(from, to, world.Delay(0.1, 5), () =>
        {
            if (_broken) return;
            _carrying = false;
            var message = _messages.Dequeue();
            Pump();
            deliver(message);
        }, Break);
    }
}
