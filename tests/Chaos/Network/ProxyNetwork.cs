using System.Globalization;
using System.Net;
using MiniMind.Chaos.Faults;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Network;

/// <summary>All parties are on loopback, each behind a proxy: whatever one of them says to another passes the wires.</summary>
/// <param name="roster">Who opens connections.</param>
/// <param name="time">For delays.</param>
/// <param name="length">How late bytes arrive on each wire when nothing disturbs it.</param>
public sealed class ProxyNetwork(Roster roster, TimeProvider time, TimeSpan length = default) : INetwork
{
    private readonly Wires _wires = new(length);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Door> _doors = [];

    /// <inheritdoc/>
    public IReadOnlyList<FaultKind> Faults { get; } =
        [FaultKind.DelayLink, FaultKind.SlowLink, FaultKind.ResetLink, FaultKind.SilenceLink, FaultKind.CutLink, FaultKind.IsolateWorker];

    /// <inheritdoc/>
    public Place Settle(string party)
    {
        var door = DoorOf(party);
        door.Port = Loopback.FreePort();
        return new Place([], $"{IPAddress.Loopback}", door.Port, AddressOf(party));
    }

    /// <inheritdoc/>
    public string AddressOf(string party) => string.Create(CultureInfo.InvariantCulture, $"{IPAddress.Loopback}:{DoorOf(party).Proxy!.Port}");

    /// <inheritdoc/>
    public void Reset(string one, string other) => _wires.Reset(one, other);

    /// <inheritdoc/>
    public Disturbance Delay(string one, string other, TimeSpan late) =>
        Disturb(_wires.Between(one, other), wire => wire.Delay = length + late, $"{late.TotalMilliseconds:0} ms of delay between {one} and {other}");

    /// <inheritdoc/>
    public Disturbance Slow(string party, IReadOnlyList<string> others, long bytesPerSecond) => Disturb(
        Between(party, others), wire => wire.Rate = bytesPerSecond, $"{bytesPerSecond >> 10} KB/s between {party} and {string.Join(", ", others)}");

    /// <inheritdoc/>
    public Disturbance Silence(string from, string to) => Disturb([_wires[from, to]], wire => wire.Hold(), $"nothing from {from} reaches {to}");

    /// <inheritdoc/>
    public Disturbance Cut(string one, string other) => Disturb(_wires.Between(one, other), wire => wire.Hold(), $"{one} and {other} are cut off from each other");

    /// <inheritdoc/>
    public Disturbance Isolate(string party, IReadOnlyList<string> others) =>
        Disturb(Between(party, others), wire => wire.Hold(), $"{party} is cut off from everybody");

    /// <summary>Resets all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var door in _doors.Values) await door.Proxy!.DisposeAsync();
    }

    private List<Wire> Between(string party, IReadOnlyList<string> others) => [.. others.SelectMany(other => _wires.Between(party, other))];

    private static Disturbance Disturb(IReadOnlyList<Wire> wires, Action<Wire> how, string words)
    {
        foreach (var wire in wires) how(wire);
        return new Disturbance(words, () =>
        {
            foreach (var wire in wires) wire.Heal();
        });
    }

    private Door DoorOf(string party)
    {
        lock (_gate)
        {
            if (_doors.TryGetValue(party, out var there)) return there;
            var door = new Door();
            door.Proxy = new Proxy(party, _wires, () => door.Port == 0 ? null : new IPEndPoint(IPAddress.Loopback, door.Port), port => roster.OwnerOf(port, door.Proxy!.Port), time);
            return _doors[party] = door;
        }
    }

    private sealed class Door
    {
        public Proxy? Proxy { get; set; }

        /// <summary>Where the party's newest process listens; 0: nowhere yet.</summary>
        public int Port { get; set; }
    }
}
