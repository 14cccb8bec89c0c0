using System.Collections.Concurrent;

namespace MiniMind.Chaos.Network;

/// <summary>The wires between all parties, by their names, and the connections on them.</summary>
/// <param name="length">How late bytes arrive on each when nothing disturbs it.</param>
public sealed class Wires(TimeSpan length = default)
{
    private readonly ConcurrentDictionary<(string From, string To), Wire> _wires = new();
    private readonly ConcurrentDictionary<Connection, (string One, string Other)> _connections = new();

    /// <summary>The direction from one party to another.</summary>
    public Wire this[string from, string to] => _wires.GetOrAdd((from, to), _ => new Wire(length));

    /// <summary>Both directions between two parties.</summary>
    public IReadOnlyList<Wire> Between(string one, string other) => [this[one, other], this[other, one]];

    /// <summary>Breaks all connections between two parties, as a router does that forgets them: both ends see a reset.</summary>
    /// <returns>How many there were.</returns>
    public int Reset(string one, string other)
    {
        var hit = _connections.Where(entry => entry.Value == (one, other) || entry.Value == (other, one)).Select(entry => entry.Key).ToList();
        foreach (var connection in hit) connection.Reset();
        return hit.Count;
    }

    internal void Add(Connection connection, string client, string server) => _connections[connection] = (client, server);

    internal void Remove(Connection connection) => _connections.TryRemove(connection, out _);
}
