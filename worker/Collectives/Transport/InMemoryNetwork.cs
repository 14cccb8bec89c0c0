using System.Collections.Concurrent;

namespace MiniMind.Collectives.Transport;

/// <summary>Joins the in-memory transports of one process: endpoints are names in this hub.</summary>
public sealed class InMemoryNetwork
{
    private readonly ConcurrentDictionary<string, InMemoryTransport> _listening = new();
    private readonly ConcurrentDictionary<InMemoryLink, byte> _links = new();

    /// <summary>Makes a transport that listens at a name of its own once it is started.</summary>
    public InMemoryTransport CreateTransport(string endpoint) => new(this, endpoint);

    /// <summary>Breaks every open link from one rank to another, in any generation, as a torn cable would; new links may be opened.</summary>
    public void Break(int from, int to)
    {
        foreach (var link in _links.Keys)
            if (link.Identity.From == from && link.Identity.To == to) link.Break($"the link from rank {from} to rank {to} was cut");
    }

    internal void Listen(string endpoint, InMemoryTransport transport)
    {
        if (!_listening.TryAdd(endpoint, transport))
            throw new IOException($"Endpoint \"{endpoint}\" is already in use in this network. Give each transport a name of its own.");
    }

    internal void Unlisten(string endpoint, InMemoryTransport transport) =>
        _listening.TryRemove(KeyValuePair.Create(endpoint, transport));

    internal InMemoryTransport? Find(string endpoint) => _listening.GetValueOrDefault(endpoint);

    internal void Add(InMemoryLink link) => _links.TryAdd(link, 0);

    internal void Remove(InMemoryLink link) => _links.TryRemove(link, out _);

    /// <summary>The open links that begin or end at a transport.</summary>
    internal IEnumerable<InMemoryLink> LinksOf(InMemoryTransport transport) =>
        _links.Keys.Where(link => link.Sender == transport || link.Receiver == transport);
}
