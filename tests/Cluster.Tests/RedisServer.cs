using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MiniMind.TestKit;

namespace MiniMind.Cluster.Tests;

/// <summary>A Redis of its own on loopback, with everything on the disk before it answers.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("minimind-redis-").FullName;
    private readonly int _port = FreePort();
    private RunningProgram? _process;

    /// <summary>HOST:PORT.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    /// <summary>Starts it, again with what it knew.</summary>
    public async Task StartAsync()
    {
        _process = RunningProgram.Start(
            _folder,
            [
                "redis-server", "--bind", "127.0.0.1", "--port", _port.ToString(CultureInfo.InvariantCulture), "--dir", _folder, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always",
            ]);
        await _process.SeeAsync("Ready to accept connections");
    }

    /// <summary>Ends it as a machine that loses power does.</summary>
    public Task KillAsync() => _process!.KillAllAsync();

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
