using System.Collections.Concurrent;

namespace MiniMind.Chaos.Network;

/// <summary>Which processes are which parties'.</summary>
public sealed class Roster
{
    private readonly ConcurrentDictionary<int, string> _parties = new();

    /// <summary>A process of a party runs.</summary>
    public void Add(int processId, string party) => _parties[processId] = party;

    /// <summary>It has ended.</summary>
    public void Remove(int processId) => _parties.TryRemove(processId, out _);

    /// <summary>The party whose process has a connection between these ports; null: nobody's.</summary>
    public string? OwnerOf(int localPort, int remotePort) =>
        ConnectionOwner.Find(localPort, remotePort, _parties.Keys) is { } id && _parties.TryGetValue(id, out var party) ? party : null;
}
