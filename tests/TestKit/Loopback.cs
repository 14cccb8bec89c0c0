using System.Net;
using System.Net.Sockets;

namespace MiniMind.TestKit;

/// <summary>The network of this machine alone.</summary>
public static class Loopback
{
    // Below the ports that the system gives to whoever opens a connection: a program that takes long to start finds its port still free.
    private const int First = 20_000;
    private const int Ports = 12_000;

    // Processes that look at the same time begin at different places.
    private const int PortsPerProcess = 97;

    private static int _next = Environment.ProcessId * PortsPerProcess;

    /// <summary>A port that nobody listens on at the moment, and that this process has not been given before.</summary>
    public static int FreePort()
    {
        for (var tries = 0; tries < Ports; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Ports);
            if (IsFree(port)) return port;
        }
        throw new InvalidOperationException($"expected a free port among {First} to {First + Ports - 1}, found none");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
