using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace MiniMind.Protos;

/// <summary>
/// The one place where client channels are made: plaintext HTTP/2 for http://, TLS for https://. Proxies named by the
/// environment are never used. The caller disposes the channel, which closes its connections.
/// </summary>
public static class ChannelFactory
{
    /// <summary>HTTP/2 stream window of bulk channels in bytes; the greatest that the HTTP handler accepts.</summary>
    public const int TransferWindowBytes = 16 << 20;

    private const int LargestControlMessageBytes = 64 << 20;

    /// <summary>
    /// A channel for bulk data: windows that keep a fast wire busy, no limit on messages. With the default 64 KB window a
    /// gradient's exchange over gRPC waits for acknowledgements (all-reduce figures in the project's findings).
    /// </summary>
    /// <param name="address">http://host:port or https://host:port.</param>
    /// <param name="settings">Null for the defaults.</param>
    /// <exception cref="ArgumentException">The address or the settings are wrong; all faults in one message.</exception>
    public static GrpcChannel ForTransfer(string address, ChannelSettings? settings = null)
    {
        var handler = NewHandler(address, settings ?? new ChannelSettings());
        handler.InitialHttp2StreamWindowSize = TransferWindowBytes;
        return NewChannel(address, handler, null);
    }

    /// <summary>A channel for small messages and long-lived streams of them; messages may take 64 MB.</summary>
    /// <inheritdoc cref="ForTransfer"/>
    public static GrpcChannel ForControl(string address, ChannelSettings? settings = null) =>
        NewChannel(address, NewHandler(address, settings ?? new ChannelSettings()), LargestControlMessageBytes);

    private static GrpcChannel NewChannel(string address, SocketsHttpHandler handler, int? largestMessage) =>
        GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = largestMessage,
            MaxSendMessageSize = largestMessage,
            // The defaults wait up to two minutes before they try a restarted server again.
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
            MaxReconnectBackoff = TimeSpan.FromSeconds(2),
        });

    private static SocketsHttpHandler NewHandler(string address, ChannelSettings settings)
    {
        var faults = settings.Faults().ToList();
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
            faults.Insert(0, $"Expected an address like http://host:port or https://host:port, found \"{address}\".");
        if (faults.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, faults));

        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            ConnectTimeout = settings.ConnectTimeout,
            KeepAlivePingDelay = settings.PingAfter,
            KeepAlivePingTimeout = settings.PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (uri!.Scheme == Uri.UriSchemeHttps) handler.SslOptions = NewTls(settings);
        return handler;
    }

    private static SslClientAuthenticationOptions NewTls(ChannelSettings settings)
    {
        var tls = new SslClientAuthenticationOptions();
        if (settings.AuthorityFile is { } authority)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authority);
        }
        if (settings.ClientCertificateFile is { } certificate)
            tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, settings.ClientKeyFile)];
        return tls;
    }
}
