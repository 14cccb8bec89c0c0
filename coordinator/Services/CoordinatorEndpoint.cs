using System.Net;
using System.Net.Sockets;
using MiniMind.Text;

namespace MiniMind.Coordinator.Services;

/// <summary>Where workers reach a coordinator.</summary>
/// <param name="Address">Of this machine.</param>
/// <param name="Port">0: where an earlier process of the run's folder listened, or any free one.</param>
/// <param name="Advertised">HOST:PORT that workers are told, because something forwards it; null: where it listens.</param>
public sealed record CoordinatorEndpoint(IPAddress Address, int Port = 0, string? Advertised = null)
{
    /// <summary>For workers of this machine.</summary>
    public static readonly CoordinatorEndpoint Loopback = new(IPAddress.Loopback);

    /// <summary>Reads what a user wrote.</summary>
    /// <param name="listen">ADDRESS or ADDRESS:PORT; null: loopback.</param>
    /// <param name="advertise">HOST:PORT, or null.</param>
    /// <exception cref="InputException">It is something else.</exception>
    public static CoordinatorEndpoint Parse(string? listen, string? advertise)
    {
        var place = new IPEndPoint(IPAddress.Loopback, 0);
        // Other coordinators and workers are told this address, so it cannot stand for all of them.
        if (listen is not null && (!IPEndPoint.TryParse(listen, out place) || place.Address.Equals(IPAddress.Any) || place.Address.Equals(IPAddress.IPv6Any)))
            throw new InputException($"--listen: expected an IP address of this machine, as ADDRESS or ADDRESS:PORT, found '{listen}'");
        if (advertise is not null && !(Uri.TryCreate($"tcp://{advertise}", UriKind.Absolute, out var told) && told.Authority == advertise && told.Port > 0))
            throw new InputException($"--advertise: expected HOST:PORT, found '{advertise}'");
        return new CoordinatorEndpoint(place.Address, place.Port, advertise);
    }

    /// <summary>A port that is free now.</summary>
    /// <param name="former">Where an earlier process listened; 0: nowhere.</param>
    /// <exception cref="InputException">The address is not of this machine, or the wanted port is not free.</exception>
    public int FindPort(int former)
    {
        try
        {
            if (Port == 0 && former > 0) return FreePort(former);
        }
        catch (SocketException)
        {
            // Somebody else listens there by now: then nobody of the earlier process's workers comes back.
        }
        try
        {
            return FreePort(Port);
        }
        catch (SocketException fault)
        {
            throw new InputException($"--listen {new IPEndPoint(Address, Port)}: expected an address of this machine and a free port, found: {fault.Message}; 'ip address' lists the addresses", fault);
        }
    }

    /// <summary>Any port of the address that is free now, or the wanted one.</summary>
    /// <exception cref="SocketException">It is not free, or there is no such address.</exception>
    public int FreePort(int wanted = 0)
    {
        using var listener = new TcpListener(Address, wanted);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
