using System.Globalization;
using MiniMind.Chaos.Faults;

namespace MiniMind.Chaos.Network;

/// <summary>
/// Each party is in a network namespace of its own, with an address of its own on a bridge, over a link that tc shapes. The bridge is in a namespace, too:
/// nothing of it is seen outside, and it goes with its namespace.
/// </summary>
public sealed class NamespaceNetwork : INetwork
{
    private const string Hub = "hub";
    private const string Bridge = "bridge0";
    private const string Device = "eth0";
    private const int Port = 7000;

    // Of nobody: what is sent there is lost without a word.
    private const string NobodysCard = "02:00:00:00:00:ff";
    private const string Latency = "50ms";

    private readonly LinkRate _rate;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _numbers = [];

    /// <param name="rate">Of each link, both ways.</param>
    /// <exception cref="InvalidOperationException">The system refuses; the message says what.</exception>
    public NamespaceNetwork(LinkRate rate)
    {
        _rate = rate;
        Namespaces.RemoveAbandoned();
        SystemCommand.Run("ip", "netns", "add", Namespaces.NameOf(Hub));
        Ip(Hub, "link", "add", Bridge, "type", "bridge");
        Ip(Hub, "link", "set", Bridge, "up");
    }

    /// <inheritdoc/>
    public IReadOnlyList<FaultKind> Faults { get; } = [FaultKind.SlowLink, FaultKind.ResetLink, FaultKind.SilenceLink, FaultKind.CutLink, FaultKind.IsolateWorker];

    /// <inheritdoc/>
    public Place Settle(string party) => new(["ip", "netns", "exec", Namespaces.NameOf(party)], Host(party), Port, AddressOf(party));

    /// <inheritdoc/>
    public string AddressOf(string party) => string.Create(CultureInfo.InvariantCulture, $"{Host(party)}:{Port}");

    /// <inheritdoc/>
    public void Reset(string one, string other)
    {
        Within(one, "ss", "-K", "dst", Host(other));
        Within(other, "ss", "-K", "dst", Host(one));
    }

    /// <inheritdoc/>
    public Disturbance Delay(string one, string other, TimeSpan late) => throw new NotSupportedException("tbf shapes rates, not delays");

    /// <summary>Of the whole link of the party.</summary>
    public Disturbance Slow(string party, IReadOnlyList<string> others, long bytesPerSecond)
    {
        var rate = LinkRate.OfBytes(bytesPerSecond);
        Shape(party, "change", rate);
        return new Disturbance($"{rate} on the link of {party}", () => Shape(party, "change", _rate));
    }

    /// <inheritdoc/>
    public Disturbance Silence(string from, string to)
    {
        Mislead(from, to);
        return new Disturbance($"nothing from {from} reaches {to}", () => Correct(from, to));
    }

    /// <inheritdoc/>
    public Disturbance Cut(string one, string other)
    {
        Mislead(one, other);
        Mislead(other, one);
        return new Disturbance($"{one} and {other} are cut off from each other", () =>
        {
            Correct(one, other);
            Correct(other, one);
        });
    }

    /// <inheritdoc/>
    public Disturbance Isolate(string party, IReadOnlyList<string> others)
    {
        Ip(Hub, "link", "set", PortOf(party), "down");
        return new Disturbance($"the link of {party} is down", () => Ip(Hub, "link", "set", PortOf(party), "up"));
    }

    /// <summary>Ends whatever still runs inside, and takes all of it down.</summary>
    public ValueTask DisposeAsync()
    {
        Namespaces.RemoveOwn();
        return ValueTask.CompletedTask;
    }

    private static void Ip(string party, params string[] words) => SystemCommand.Run(["ip", "-n", Namespaces.NameOf(party), .. words]);

    private static void Within(string party, params string[] words) => SystemCommand.Run(["ip", "netns", "exec", Namespaces.NameOf(party), .. words]);

    private void Mislead(string from, string to) => Ip(from, "neigh", "replace", Host(to), "lladdr", NobodysCard, "dev", Device, "nud", "permanent");

    // The right card is asked for when it is needed; that there is an entry to forget is not sure any more where two faults met.
    private void Correct(string from, string to) => Ip(from, "neigh", "flush", "to", Host(to), "nud", "permanent");

    private void Shape(string party, string how, LinkRate rate)
    {
        Shape(Hub, PortOf(party), how, rate);
        Shape(party, Device, how, rate);
    }

    private static void Shape(string party, string device, string how, LinkRate rate) => SystemCommand.Run(
        "tc", "-n", Namespaces.NameOf(party), "qdisc", how, "dev", device, "root", "tbf", "rate", $"{rate}",
        "burst", string.Create(CultureInfo.InvariantCulture, $"{rate.Burst}"), "latency", Latency);

    private string Host(string party) => string.Create(CultureInfo.InvariantCulture, $"10.0.0.{NumberOf(party)}");

    private string PortOf(string party) => string.Create(CultureInfo.InvariantCulture, $"port{NumberOf(party)}");

    private int NumberOf(string party)
    {
        lock (_gate)
        {
            if (!_numbers.TryGetValue(party, out var number))
            {
                _numbers[party] = number = _numbers.Count + 1;
                Connect(party);
            }
            return number;
        }
    }

    private void Connect(string party)
    {
        SystemCommand.Run("ip", "netns", "add", Namespaces.NameOf(party));
        Ip(Hub, "link", "add", PortOf(party), "type", "veth", "peer", "name", Device, "netns", Namespaces.NameOf(party));
        Ip(Hub, "link", "set", PortOf(party), "master", Bridge, "up");
        Ip(party, "link", "set", "lo", "up");
        Ip(party, "addr", "add", $"{Host(party)}/24", "dev", Device);
        Ip(party, "link", "set", Device, "up");
        Shape(party, "add", _rate);
    }
}
