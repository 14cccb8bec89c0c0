using MiniMind.Collectives.Transport;

namespace MiniMind.Simulation;

/// <summary>
/// Links with random delays that may be cut one way or both. What is sent into a cut waits, as TCP would; a link that has waited for too long
/// breaks at both ends.
/// </summary>
internal sealed class SimulatedNetwork(VirtualWorld world)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, SimulatedTransport> _transports = [];
    private readonly HashSet<(string From, string To)> _cuts = [];

    public void Add(SimulatedTransport transport) => _transports[transport.Endpoint] = transport;

    public SimulatedTransport? Find(string endpoint) =>
        _transports.TryGetValue(endpoint, out var transport) && transport.Process.Alive ? transport : null;

    public void Cut(string from, string to)
    {
        world.Trace(from, $"cut off from {to}");
        _cuts.Add((from, to));
    }

    public void Heal()
    {
        if (_cuts.Count > 0) world.Trace("network", "healed");
        _cuts.Clear();
    }

    /// <summary>Carries something from one process to another; gives up when the way is cut for too long.</summary>
    public void Carry(SimulatedProcess from, SimulatedProcess to, TimeSpan delay, Action deliver, Action broken)
    {
        world.Schedule(null, delay, () => Attempt(from, to, world.Now + KeepAlive.Ticks, deliver, broken));
    }

    private void Attempt(SimulatedProcess from, SimulatedProcess to, long until, Action deliver, Action broken)
    {
        if (!to.Alive || world.Now > until) broken();
        else if (_cuts.Contains((from.Name, to.Name)))
            world.Schedule(null, world.Delay(50, 200), () => Attempt(from, to, until, deliver, broken));
        else to.Schedule(TimeSpan.Zero, deliver);
    }
}
