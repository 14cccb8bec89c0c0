using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Grpc;

/// <summary>
/// Links between processes over gRPC: a server of its own for incoming links and one connection per outgoing link. Several may
/// live in one process.
/// </summary>
public sealed class GrpcTransport : ITransport
{
    private const string ShutDown = "this end was shut down";

    // Orderly answers to the peers' streams leave within milliseconds; a peer that does not read them is cut off.
    private static readonly TimeSpan ShutdownPatience = TimeSpan.FromMilliseconds(500);

    private readonly GrpcTransportOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<GrpcLink, byte> _links = new();
    private WebApplication? _server;
    private string? _endpoint;

    /// <exception cref="ArgumentException">The options are wrong; all faults in one message.</exception>
    public GrpcTransport(GrpcTransportOptions options, TimeProvider time)
    {
        var faults = options.Faults();
        if (faults.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(options));
        _options = options;
        _time = time;
    }

    /// <summary>host:port where peers reach this process; known once it is started.</summary>
    public string Endpoint => _endpoint ?? throw new InvalidOperationException("The transport has no endpoint before it is started.");

    /// <inheritdoc/>
    /// <exception cref="IOException">The port is in use or cannot be listened on; the message names it and the fix.</exception>
    public async Task StartAsync(IFrameReceiver receiver, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        if (_server is not null) throw new InvalidOperationException("The transport is already started.");
        var service = new PeerService(receiver, _options.RunId, _stopping.Token);
        (_server, var port) = await PeerServer.StartAsync(_options, service, cancellation).ConfigureAwait(false);
        _endpoint = JoinHostAndPort(_options.AdvertisedHost ?? _options.ListenAddress, _options.AdvertisedPort > 0 ? _options.AdvertisedPort : port);
    }

    /// <inheritdoc/>
    public async Task<ILink> ConnectAsync(string endpoint, LinkIdentity identity, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        cancellation.ThrowIfCancellationRequested();
        var address = $"http://{endpoint}";
        if (!Uri.TryCreate(address, UriKind.Absolute, out _))
            throw new LinkException($"Cannot reach \"{endpoint}\": expected an endpoint of the form host:port.");
        var channel = ChannelFactory.ForTransfer(address, _options.Channels);
        var link = new GrpcLink(endpoint, identity, _options.RunId, channel, _options.CloseTimeout, Forget, _time);
        _links.TryAdd(link, 0);
        try
        {
            // A transport disposed meanwhile has already passed over its links.
            if (_stopping.IsCancellationRequested) link.Break(ShutDown);
            await link.OpenAsync(_options.AnswerTimeout, cancellation).ConfigureAwait(false);
            return link;
        }
        catch
        {
            link.Break("it was never opened");
            await link.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits for links that are being closed, breaks every other link, in and out, and stops listening. Receivers have been told the end of their links afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        // Of these the peers may still need the last frames.
        await Task.WhenAll(_links.Keys.Select(link => link.Closing)).ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (var link in _links.Keys)
        {
            link.Break(ShutDown);
            await link.DisposeAsync().ConfigureAwait(false);
        }
        if (_server is null) return;
        using var patience = new CancellationTokenSource(ShutdownPatience, _time);
        await _server.StopAsync(patience.Token).ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private void Forget(GrpcLink link) => _links.TryRemove(link, out _);

    private static string JoinHostAndPort(string host, int port) =>
        IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"[{host}]:{port}"
            : $"{host}:{port}";
}
