using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Network;

/// <summary>All parties are on loopback with nothing in between: for what is to be measured without the cost of proxies.</summary>
public sealed class LoopbackPlaces : IPlaces
{
    private readonly ConcurrentDictionary<string, int> _ports = new();

    /// <inheritdoc/>
    public Place Settle(string party) => new([], $"{IPAddress.Loopback}", PortOf(party), AddressOf(party));

    /// <inheritdoc/>
    public string AddressOf(string party) => string.Create(CultureInfo.InvariantCulture, $"{IPAddress.Loopback}:{PortOf(party)}");

    private int PortOf(string party) => _ports.GetOrAdd(party, _ => Loopback.FreePort());
}
