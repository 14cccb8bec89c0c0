using System.Globalization;
using System.Net;
using MiniMind.Text;

namespace MiniMind.Worker.CommandLine;

/// <summary>Where peers are told to reach a worker: HOST or HOST:PORT, an IPv6 address in brackets where a port follows.</summary>
internal static class AdvertisedEndpoint
{
    /// <param name="text">As the user wrote it; null: nothing is advertised.</param>
    /// <returns>The host, null for none, and the port, 0 for none.</returns>
    /// <exception cref="InputException">It is neither.</exception>
    public static (string? Host, int Port) Parse(string? text)
    {
        if (text is null) return (null, 0);
        // The colons of an IPv6 address without brackets, or inside of them, begin no port.
        var colon = (text.Count(letter => letter == ':') > 1 && text[0] != '[') || text.EndsWith(']') ? -1 : text.LastIndexOf(':');
        var host = (colon < 0 ? text : text[..colon]).Trim('[', ']');
        var port = 0;
        if (Uri.CheckHostName(host) != UriHostNameType.Unknown && (colon < 0 || IsPort(text[(colon + 1)..], out port))) return (host, port);
        throw new InputException($"--advertise: expected HOST or HOST:PORT with a port of 1 to {IPEndPoint.MaxPort}, found '{text}'");
    }

    private static bool IsPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= IPEndPoint.MaxPort;
}
