using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Grpc;

/// <summary>The HTTP/2 server under a transport. It reads no environment, no configuration files, and no signals.</summary>
internal static class PeerServer
{
    private const int SocketBufferBytes = 16 << 20;

    /// <summary>Starts a server and returns it with the port that it listens on.</summary>
    /// <exception cref="IOException">The address cannot be listened on; the message names it and the fix.</exception>
    public static async Task<(WebApplication Server, int Port)> StartAsync(
        GrpcTransportOptions options, PeerService service, CancellationToken cancellation)
    {
        var server = Build(options, service);
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
            var address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
            return (server, new Uri(address).Port);
        }
        catch (Exception failure)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            if (Explain(failure, options) is { } message) throw new IOException(message, failure);
            throw;
        }
    }

    private static WebApplication Build(GrpcTransportOptions options, PeerService service)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, SignalFreeLifetime>();
        builder.Services.AddSingleton(service);
        builder.Services.AddSingleton<IServiceMethodProvider<PeerService>, PeerServiceBinding>();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = FrameHeader.Size + FrameRules.LargestPayloadBytes;
            grpc.MaxSendMessageSize = null;
        });
        builder.WebHost.UseKestrelCore();
        // After the server has registered its own factory: the last one counts.
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, PinnedBlockPoolFactory>();
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.MaxReadBufferSize = SocketBufferBytes;
            sockets.MaxWriteBufferSize = SocketBufferBytes;
            sockets.NoDelay = true;
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            SetLimits(kestrel.Limits, options.Channels);
            kestrel.Listen(IPAddress.Parse(options.ListenAddress), options.Port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var server = builder.Build();
        server.MapGrpcService<PeerService>();
        return server;
    }

    // Window and buffer sizes as measured for the all-reduce; a training stream lasts for days and may pause for minutes.
    private static void SetLimits(KestrelServerLimits limits, ChannelSettings channels)
    {
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestBufferSize = 2 * SocketBufferBytes;
        limits.Http2.InitialStreamWindowSize = ChannelFactory.TransferWindowBytes;
        limits.Http2.InitialConnectionWindowSize = 4 * ChannelFactory.TransferWindowBytes;
        limits.Http2.KeepAlivePingDelay = channels.PingAfter;
        limits.Http2.KeepAlivePingTimeout = channels.PingTimeout;
    }

    private static string? Explain(Exception failure, GrpcTransportOptions options)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{options.ListenAddress}:{options.Port}");
        return failure switch
        {
            IOException { InnerException: AddressInUseException } =>
                $"Cannot listen on {place}: port {options.Port} is already in use. "
                + "End the program that holds it, give another port, or give port 0 to take a free one.",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
                $"Cannot listen on {place}: this machine has no such address. Give one of its own, or 0.0.0.0 for all.",
            SocketException { SocketErrorCode: SocketError.AccessDenied } =>
                $"Cannot listen on {place}: access to port {options.Port} is denied. Give a port of 1024 or above.",
            _ => null,
        };
    }

    /// <summary>Leaves SIGINT and SIGTERM to the program: the usual lifetime would take them.</summary>
    private sealed class SignalFreeLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
