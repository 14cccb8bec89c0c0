using System.Globalization;

namespace MiniMind.Chaos.Network;

/// <summary>Finds out which process has opened a connection: the kernel knows the socket, and the process holds it open (Linux).</summary>
public static class ConnectionOwner
{
    private const int Local = 1;
    private const int Remote = 2;
    private const int Inode = 9;

    /// <param name="localPort">Port of the connection at the process's end.</param>
    /// <param name="remotePort">Port that it has called.</param>
    /// <param name="processIds">Processes that come into question.</param>
    /// <returns>The process; null when it is none of these, or gone.</returns>
    public static int? Find(int localPort, int remotePort, IEnumerable<int> processIds)
    {
        // .NET opens sockets for both families, so most connections are in the second table.
        if ((InodeOf("/proc/net/tcp6", localPort, remotePort) ?? InodeOf("/proc/net/tcp", localPort, remotePort)) is not { } inode) return null;
        var wanted = $"socket:[{inode}]";
        foreach (var id in processIds)
            if (Holds(id, wanted)) return id;
        return null;
    }

    private static string? InodeOf(string table, int localPort, int remotePort)
    {
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (PortOf(fields[Local]) == localPort && PortOf(fields[Remote]) == remotePort) return fields[Inode];
        }
        return null;
    }

    private static int PortOf(string address) => int.Parse(address[(address.IndexOf(':') + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static bool Holds(int processId, string socket)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{processId}/fd").Any(file => new FileInfo(file).LinkTarget == socket);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
