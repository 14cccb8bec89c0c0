namespace MiniMind.Protos;

/// <summary>How client channels reach their server. The defaults suit plaintext on loopback or inside a trusted network.</summary>
public sealed record ChannelSettings
{
    /// <summary>PEM file of the authority that signs servers' certificates; null trusts the system's authorities. Only https:// uses it.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>PEM file of the certificate with which this client introduces itself; null for none. Only https:// uses it.</summary>
    public string? ClientCertificateFile { get; init; }

    /// <summary>PEM file of the client certificate's private key; null when the certificate's file holds the key too.</summary>
    public string? ClientKeyFile { get; init; }

    /// <summary>Longest time that opening a connection may take. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence on a connection in use after which it is pinged. Default 10 s.</summary>
    public TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for a ping's answer; without one the connection is broken. Default 10 s.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Everything that is wrong with these settings, one sentence each; empty when nothing is.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        RequireFile(nameof(AuthorityFile), AuthorityFile);
        RequireFile(nameof(ClientCertificateFile), ClientCertificateFile);
        RequireFile(nameof(ClientKeyFile), ClientKeyFile);
        if (ClientKeyFile is not null && ClientCertificateFile is null)
            faults.Add($"{nameof(ClientKeyFile)} needs {nameof(ClientCertificateFile)} beside it.");
        RequirePositive(nameof(ConnectTimeout), ConnectTimeout, TimeSpan.Zero);
        // The HTTP handler accepts no ping times below one second.
        RequirePositive(nameof(PingAfter), PingAfter, TimeSpan.FromSeconds(1));
        RequirePositive(nameof(PingTimeout), PingTimeout, TimeSpan.FromSeconds(1));
        return faults;

        void RequireFile(string name, string? path)
        {
            if (path is not null && !File.Exists(path)) faults.Add($"{name}: expected a PEM file, found nothing at {path}.");
        }

        void RequirePositive(string name, TimeSpan value, TimeSpan least)
        {
            if (value <= TimeSpan.Zero || value < least)
                faults.Add($"{name}: expected a positive time of at least {least.TotalSeconds} s, found {value}.");
        }
    }
}
