using System.Net;
using MiniMind.Protos;

namespace MiniMind.Collectives.Grpc;

/// <summary>Where a <see cref="GrpcTransport"/> listens and how it treats its links.</summary>
public sealed record GrpcTransportOptions
{
    /// <summary>IP address to listen on. Default: IPv4 loopback.</summary>
    public string ListenAddress { get; init; } = "127.0.0.1";

    /// <summary>TCP port to listen on; 0 (default) takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Host name or address told to peers; null for <see cref="ListenAddress"/>. Needed when listening on every address.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>Port told to peers, where something in between forwards it; 0 (default) for the one that is listened on.</summary>
    public int AdvertisedPort { get; init; }

    /// <summary>Only transports of the same run admit each other's links, so that a reused port cannot mix two runs. Default: empty.</summary>
    public string RunId { get; init; } = "";

    /// <summary>How long an orderly close waits for the peer to take the frames still under way. Default 2 s.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A peer that may be busy for minutes before it admits a link says all the while that it is there; without an answer for so long the link is given up. Default 5 s.
    /// </summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Settings of the channels to peers.</summary>
    public ChannelSettings Channels { get; init; } = new();

    /// <summary>Everything that is wrong with these options, one sentence each; empty when nothing is.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        var isAddress = IPAddress.TryParse(ListenAddress, out var address);
        if (!isAddress) faults.Add($"{nameof(ListenAddress)}: expected an IP address such as 127.0.0.1 or 0.0.0.0, found \"{ListenAddress}\".");
        if (Port is < 0 or > IPEndPoint.MaxPort) faults.Add($"{nameof(Port)}: expected 0 to {IPEndPoint.MaxPort}, found {Port}.");
        if (AdvertisedPort is < 0 or > IPEndPoint.MaxPort) faults.Add($"{nameof(AdvertisedPort)}: expected 0 to {IPEndPoint.MaxPort}, found {AdvertisedPort}.");
        if (isAddress && AdvertisedHost is null && (address!.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            faults.Add(
                $"{nameof(AdvertisedHost)}: expected the host name by which peers reach this machine, "
                + $"because {ListenAddress} stands for every address; found none.");
        }
        if (CloseTimeout <= TimeSpan.Zero) faults.Add($"{nameof(CloseTimeout)}: expected a positive time, found {CloseTimeout}.");
        if (AnswerTimeout <= TimeSpan.Zero) faults.Add($"{nameof(AnswerTimeout)}: expected a positive time, found {AnswerTimeout}.");
        faults.AddRange(Channels.Faults());
        return faults;
    }
}
