using System.Net;
using System.Net.Sockets;

namespace MiniMind.Chaos.Network;

public sealed class ProxyTests : IAsyncLifetime
{
    private const string Server = "server";
    private const string Near = "near";
    private const string Far = "far";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Wires _wires = new();
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly Dictionary<int, string> _names = [];
    private Proxy _proxy = null!;

    public Task InitializeAsync()
    {
        _server.Start();
        _proxy = new Proxy(Server, _wires, () => (IPEndPoint)_server.LocalEndpoint, port => NameOf(port), TimeProvider.System);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task Bytes_pass_both_ways_and_so_does_the_end()
    {
        var (client, served) = await ConnectAsync(Near);
        await SendAsync(client, 1);
        Assert.Equal(1, await ReceiveAsync(served));
        await SendAsync(served, 2);
        Assert.Equal(2, await ReceiveAsync(client));

        client.Close();

        await ExpectEndAsync(served);
    }

    [Fact]
    public async Task What_is_held_in_one_direction_arrives_when_it_is_healed_and_the_other_direction_and_others_are_untouched()
    {
        var (client, served) = await ConnectAsync(Near);
        var (other, otherServed) = await ConnectAsync(Far);
        _wires[Near, Server].Hold();
        await SendAsync(client, 1);
        var held = ReceiveAsync(served);
        await SendAsync(served, 2);
        Assert.Equal(2, await ReceiveAsync(client));
        await SendAsync(other, 3);
        Assert.Equal(3, await ReceiveAsync(otherServed));
        Assert.False(held.IsCompleted);

        _wires[Near, Server].Heal();

        Assert.Equal(1, await held);
    }

    [Fact]
    public async Task The_end_of_a_connection_is_held_like_bytes()
    {
        var (client, served) = await ConnectAsync(Near);
        var (other, otherServed) = await ConnectAsync(Far);
        _wires[Near, Server].Hold();
        client.Close(0);
        var end = ExpectEndAsync(served);
        await SendAsync(other, 3);
        Assert.Equal(3, await ReceiveAsync(otherServed));
        Assert.False(end.IsCompleted);

        _wires[Near, Server].Heal();

        await end;
    }

    [Fact]
    public async Task A_reset_breaks_the_connections_of_one_pair_at_both_ends_even_if_they_are_held()
    {
        var (client, served) = await ConnectAsync(Near);
        var (other, otherServed) = await ConnectAsync(Far);
        _wires[Near, Server].Hold();

        Assert.Equal(1, _wires.Reset(Server, Near));

        await ExpectEndAsync(client);
        await ExpectEndAsync(served);
        await SendAsync(other, 3);
        Assert.Equal(3, await ReceiveAsync(otherServed));
    }

    [Fact]
    public async Task Whoever_is_nobody_is_turned_away()
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        await ExpectEndAsync(client, client.ConnectAsync(IPAddress.Loopback, _proxy.Port));
    }

    [Fact]
    public async Task The_process_behind_a_connection_is_found_among_those_who_come_into_question()
    {
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)_server.LocalEndpoint);
        var (local, remote) = (((IPEndPoint)client.Client.LocalEndPoint!).Port, ((IPEndPoint)client.Client.RemoteEndPoint!).Port);
        const int Init = 1;

        Assert.Equal(Environment.ProcessId, ConnectionOwner.Find(local, remote, [Init, Environment.ProcessId]));
        Assert.Null(ConnectionOwner.Find(local, remote, [Init]));
        Assert.Null(ConnectionOwner.Find(local, local, [Environment.ProcessId]));
    }

    private string? NameOf(int port)
    {
        lock (_names) return _names.GetValueOrDefault(port);
    }

    private async Task<(Socket Client, Socket Served)> ConnectAsync(string name)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        lock (_names) _names[((IPEndPoint)client.LocalEndPoint!).Port] = name;
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return (client, await _server.AcceptSocketAsync().WaitAsync(Patience, TimeProvider.System));
    }

    private static async Task SendAsync(Socket socket, byte value) => await socket.SendAsync(new[] { value });

    private static async Task<byte> ReceiveAsync(Socket socket)
    {
        var bytes = new byte[1];
        Assert.Equal(1, await socket.ReceiveAsync(bytes).WaitAsync(Patience, TimeProvider.System));
        return bytes[0];
    }

    /// <summary>In order or by a reset.</summary>
    private static async Task ExpectEndAsync(Socket socket, Task? connecting = null)
    {
        try
        {
            await (connecting ?? Task.CompletedTask);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(Patience, TimeProvider.System));
        }
        catch (SocketException)
        {
            // A reset.
        }
    }
}
