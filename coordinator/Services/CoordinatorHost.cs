using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Orleans.Runtime;

namespace MiniMind.Coordinator.Services;

/// <summary>The coordinator's process: an Orleans silo with embedded storage, and the gRPC services in front of it.</summary>
public sealed class CoordinatorHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private CoordinatorHost(WebApplication app) => _app = app;

    /// <summary>Address for workers: http://host:port.</summary>
    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>The artifact store.</summary>
    public ArtifactStore Artifacts => _app.Services.GetRequiredService<ArtifactStore>();

    /// <summary>The way to the grains.</summary>
    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Address of the silo, which no other process ever has.</summary>
    public string Silo => _app.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();

    /// <summary>
    /// Starts on loopback; where an earlier process of this run's folder listened, if that is free, so that its workers find this one; else on any free port.
    /// </summary>
    /// <param name="cluster">Where it meets the run's other coordinators; null: it is the only one.</param>
    /// <param name="notice">Told what the user should know.</param>
    public static async Task<CoordinatorHost> StartAsync(RunFolder folder, bool verbose, TimeProvider time, RedisCluster? cluster = null, Action<string>? notice = null)
    {
        // Settings files of the current folder and variables of the environment are not meant for this server.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Logging.SetMinimumLevel(verbose ? LogLevel.Information : LogLevel.None);
        // Signals are the command line's to answer.
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        var port = FormerPort(folder);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, port));
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(folder);
        var artifacts = new ArtifactStore(folder.Artifacts);
        // Another coordinator may be at work on what looks abandoned.
        if (cluster is null) artifacts.RemoveAbandoned();
        builder.Services.AddSingleton(artifacts);
        builder.Services.AddSingleton<CheckpointFolders>();
        builder.Host.UseOrleans(silo => Configure(silo, folder, cluster, notice ?? (_ => { }), time));
        AddTelemetry(builder);
        var app = builder.Build();
        app.MapGrpcService<RendezvousService>();
        app.MapGrpcService<ArtifactsService>();
        app.MapGrpcService<RunsService>();
        await app.StartAsync();
        var host = new CoordinatorHost(app);
        await AtomicFile.WriteAsync(folder.Address, stream => stream.WriteAsync(Encoding.UTF8.GetBytes(host.Address)).AsTask());
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void Configure(ISiloBuilder silo, RunFolder folder, RedisCluster? cluster, Action<string> notice, TimeProvider time)
    {
        // Two silos with the default ports on one machine would share an address without an error.
        var (port, gateway) = (FreePort(), FreePort());
        if (cluster is null)
        {
            silo.UseLocalhostClustering(port, gateway, serviceId: "minimind", clusterId: folder.Root);
            silo.Services.AddFileGrainStorage(RunGrain.StorageName, folder.State);
            return;
        }
        cluster.Configure(silo, IPAddress.Loopback, port, gateway);
        RedisCluster.AddStorage(silo.Services, RunGrain.StorageName, folder, notice, time);
        silo.Services.AddSingleton<IFatalErrorHandler>(new DeposedHandler(Console.Error));
    }

    private static void Configure(KestrelServerOptions kestrel, int port)
    {
        kestrel.Listen(IPAddress.Loopback, port, endpoint => endpoint.Protocols = HttpProtocols.Http2);
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        // A worker that is cut off without a word is noticed by its missing answer to a ping.
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(5);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
    }

    private static void AddTelemetry(WebApplicationBuilder builder)
    {
        // Exported over OTLP when the standard variable names a collector.
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is null) return;
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter("Microsoft.Orleans").AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddOtlpExporter())
            .WithTracing(traces => traces.AddSource("Microsoft.Orleans.Application").AddAspNetCoreInstrumentation().AddOtlpExporter());
    }

    private static int FormerPort(RunFolder folder)
    {
        const int Any = 0;
        if (!File.Exists(folder.Address) || !Uri.TryCreate(File.ReadAllText(folder.Address), UriKind.Absolute, out var former)) return Any;
        try
        {
            return FreePort(former.Port);
        }
        catch (SocketException)
        {
            // Somebody else listens there by now: then nobody of the earlier process's workers comes back.
            return Any;
        }
    }

    private static int FreePort(int wanted = 0)
    {
        using var listener = new TcpListener(IPAddress.Loopback, wanted);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
