using System.Net;
using System.Net.Sockets;

namespace MiniMind.TestKit;

/// <summary>The network of this machine alone.</summary>
public static class Loopback
{
    /// <summary>A port that nobody has at the moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
