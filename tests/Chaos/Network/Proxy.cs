using System.Net;
using System.Net.Sockets;

namespace MiniMind.Chaos.Network;

/// <summary>Stands before one party's port: everybody else reaches that party only over its wires.</summary>
public sealed class Proxy : IAsyncDisposable
{
    private readonly string _name;
    private readonly Wires _wires;
    private readonly Func<IPEndPoint?> _target;
    private readonly Func<int, string?> _nameOf;
    private readonly TimeProvider _time;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly HashSet<Connection> _connections = [];
    private readonly Lock _gate = new();
    private readonly Task _accepting;

    /// <param name="name">The party behind it.</param>
    /// <param name="wires">What disturbs its connections.</param>
    /// <param name="target">Where the party listens now; null: nowhere.</param>
    /// <param name="nameOf">Name of the party whose process has a connection from this local port; null: nobody's.</param>
    /// <param name="time">For delays.</param>
    public Proxy(string name, Wires wires, Func<IPEndPoint?> target, Func<int, string?> nameOf, TimeProvider time)
    {
        (_name, _wires, _target, _nameOf, _time) = (name, wires, target, nameOf, time);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens, on loopback.</summary>
    public int Port { get; }

    /// <summary>Resets all connections and listens no more.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        lock (_gate)
            foreach (var connection in _connections) connection.Reset();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptSocketAsync()));
                open.RemoveAll(served => served.IsCompleted);
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(Socket near)
    {
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // Whoever has ended meanwhile is nobody.
        if (_nameOf(((IPEndPoint)near.RemoteEndPoint!).Port) is not { } client || !await TryConnectAsync(far))
        {
            near.Close(0);
            far.Dispose();
            return;
        }
        near.NoDelay = far.NoDelay = true;
        var connection = new Connection(near, far, _wires[client, _name], _wires[_name, client], _time);
        lock (_gate) _connections.Add(connection);
        _wires.Add(connection, client, _name);
        await connection.CarryAsync();
        _wires.Remove(connection);
        lock (_gate) _connections.Remove(connection);
    }

    private async Task<bool> TryConnectAsync(Socket far)
    {
        if (_target() is not { } target) return false;
        try
        {
            await far.ConnectAsync(target);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
