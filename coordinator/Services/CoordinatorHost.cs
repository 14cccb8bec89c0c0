using System.Net;
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

    private CoordinatorHost(WebApplication app, CoordinatorEndpoint endpoint) => (_app, Endpoint) = (app, endpoint);

    /// <summary>Address for workers: http://host:port.</summary>
    public string Address => Endpoint.Advertised is { } advertised ? $"http://{advertised}" : Listening;

    /// <summary>As it was asked for.</summary>
    public CoordinatorEndpoint Endpoint { get; }

    /// <summary>The artifact store.</summary>
    public ArtifactStore Artifacts => _app.Services.GetRequiredService<ArtifactStore>();

    /// <summary>The way to the grains.</summary>
    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Address of the silo, which no other process ever has.</summary>
    public string Silo => _app.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();

    /// <summary>
    /// Starts; unless a port is given, where an earlier process of this run's folder listened, if that is free, so that its workers find this one; else on any free port.
    /// </summary>
    /// <param name="endpoint">Where workers reach it.</param>
    /// <param name="cluster">Where it meets the run's other coordinators; null: it is the only one.</param>
    /// <param name="notice">Told what the user should know.</param>
    /// <exception cref="MiniMind.Text.InputException">It cannot listen there.</exception>
    public static async Task<CoordinatorHost> StartAsync(
        RunFolder folder, CoordinatorEndpoint endpoint, bool verbose, TimeProvider time, RedisCluster? cluster = null, Action<string>? notice = null)
    {
        // Settings files of the current folder and variables of the environment are not meant for this server.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Logging.SetMinimumLevel(verbose ? LogLevel.Information : LogLevel.None);
        // Signals are the command line's to answer.
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        var listen = new IPEndPoint(endpoint.Address, endpoint.FindPort(FormerPort(folder)));
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, listen));
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(folder);
        var artifacts = new ArtifactStore(folder.Artifacts);
        // Another coordinator may be at work on what looks abandoned.
        if (cluster is null) artifacts.RemoveAbandoned();
        builder.Services.AddSingleton(artifacts);
        builder.Services.AddSingleton<CheckpointFolders>();
        builder.Host.UseOrleans(silo => Configure(silo, endpoint, folder, cluster, notice ?? (_ => { }), time));
        AddTelemetry(builder);
        var app = builder.Build();
        app.MapGrpcService<RendezvousService>();
        app.MapGrpcService<ArtifactsService>();
        app.MapGrpcService<RunsService>();
        await app.StartAsync();
        var host = new CoordinatorHost(app, endpoint);
        await AtomicFile.WriteAsync(folder.Address, stream => stream.WriteAsync(Encoding.UTF8.GetBytes(host.Listening)).AsTask());
        return host;
    }

    private string Listening => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void Configure(ISiloBuilder silo, CoordinatorEndpoint endpoint, RunFolder folder, RedisCluster? cluster, Action<string> notice, TimeProvider time)
    {
        // Two silos with the default ports on one machine would share an address without an error. A silo that is alone talks to itself.
        var own = cluster is null ? CoordinatorEndpoint.Loopback : endpoint;
        var (port, gateway) = (own.FreePort(), own.FreePort());
        if (cluster is null)
        {
            silo.UseLocalhostClustering(port, gateway, serviceId: "minimind", clusterId: folder.Root);
            silo.Services.AddFileGrainStorage(RunGrain.StorageName, folder.State);
            return;
        }
        cluster.Configure(silo, endpoint.Address, port, gateway);
        RedisCluster.AddStorage(silo.Services, RunGrain.StorageName, folder, notice, time);
        silo.Services.AddSingleton<IFatalErrorHandler>(new DeposedHandler(Console.Error));
    }

    private static void Configure(KestrelServerOptions kestrel, IPEndPoint listen)
    {
        kestrel.Listen(listen, endpoint => endpoint.Protocols = HttpProtocols.Http2);
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

    private static int FormerPort(RunFolder folder) =>
        File.Exists(folder.Address) && Uri.TryCreate(File.ReadAllText(folder.Address), UriKind.Absolute, out var former) ? former.Port : 0;

    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
