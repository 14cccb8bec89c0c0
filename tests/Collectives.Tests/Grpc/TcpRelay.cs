using System.Net;
using System.Net.Sockets;

namespace MiniMind.Collectives.Tests.Grpc;

/// <summary>
/// A wire between two processes that a test can cut. Both ends then see what they see when the process at the other end is
/// killed: the kernel resets the connection.
/// </summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _target;
    private readonly long _cutAfterBytes;
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private long _forwarded;

    /// <param name="target">host:port of the receiver.</param>
    /// <param name="cutAfterBytes">Bytes from the sender after which the wire cuts itself.</param>
    public TcpRelay(string target, long cutAfterBytes = long.MaxValue)
    {
        _target = IPEndPoint.Parse(target);
        _cutAfterBytes = cutAfterBytes;
        _listener.Start();
        Endpoint = _listener.LocalEndpoint.ToString()!;
        _accepting = AcceptAsync();
    }

    public string Endpoint { get; }

    public string Target => _target.ToString();

    public void Cut()
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets) socket.Close(0);
            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        var pumps = new List<Task>();
        try
        {
            while (true)
            {
                var near = await _listener.AcceptSocketAsync();
                var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await far.ConnectAsync(_target);
                lock (_sockets) _sockets.AddRange([near, far]);
                pumps.Add(PumpAsync(near, far, counts: true));
                pumps.Add(PumpAsync(far, near, counts: false));
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(pumps);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool counts)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                if (counts && (_forwarded += count) > _cutAfterBytes) Cut();
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
        {
            // The wire is cut.
        }
        Cut();
    }
}
