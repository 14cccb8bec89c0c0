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
    private readonly List<SimulatedLink> _links = [];

    public void Add(SimulatedTransport transport) => _transports[transport.Endpoint] = transport;

    public SimulatedTransport? Find(string endpoint) =>
        _transports.TryGetValue(endpoint, out var transport) && transport.Process.Alive ? transport : null;

    private long _slowUntil;

    /// <summary>Whether anything was ever cut or reset.</summary>
    public bool WasDisturbed { get; private set; }

    public void Cut(string from, string to)
    {
        WasDisturbed = true;
        world.Trace(from, $"cut off from {to}");
        _cuts.Add((from, to));
    }

    /// <summary>Two halves that cannot reach each other.</summary>
    public void Part(IReadOnlyList<string> one, IReadOnlyList<string> other)
    {
        foreach (var (left, right) in one.SelectMany(left => other.Select(right => (left, right))))
        {
            Cut(left, right);
            Cut(right, left);
        }
    }

    /// <summary>Every link between two processes breaks; new ones may be opened at once.</summary>
    public void Reset(string one, string other)
    {
        WasDisturbed = true;
        world.Trace(one, $"links with {other} reset");
        foreach (var link in _links.Where(link => link.Joins(one, other)).ToList()) link.Break();
    }

    /// <summary>A link has been opened.</summary>
    public void Add(SimulatedLink link)
    {
        _links.RemoveAll(old => old.IsOver);
        _links.Add(link);
    }

    public void Heal()
    {
        if (_cuts.Count > 0) world.Trace("network", "healed");
        _cuts.Clear();
    }

    /// <summary>The next part of a state that is copied arrives damaged.</summary>
    public bool DamagesNextState { get; set; }

    /// <summary>For a while some messages take long, and hold up those behind them.</summary>
    public void SlowDown(TimeSpan duration)
    {
        WasDisturbed = true;
        world.Trace("network", "slow");
        _slowUntil = world.Now + duration.Ticks;
    }

    /// <summary>Carries something from one process to another; gives up when the way is cut for too long.</summary>
    public void Carry(SimulatedProcess from, SimulatedProcess to, TimeSpan delay, Action deliver, Action broken)
    {
        if (world.Now < _slowUntil && world.Random.Next(10) == 0) delay += world.Delay(50, 800);
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
