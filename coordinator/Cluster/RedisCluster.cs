using System.Net;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using Orleans.Configuration;
using Orleans.Storage;
using Polly;
using Polly.Retry;
using StackExchange.Redis;

namespace MiniMind.Coordinator.Cluster;

/// <summary>Lets the coordinators of one run find each other, and share its state, through a Redis.</summary>
/// <param name="server">HOST:PORT, or more of StackExchange.Redis' configuration.</param>
/// <param name="name">Of the cluster: one run in one folder.</param>
public sealed class RedisCluster(string server, string name)
{
    private const string SharedStorage = "redis";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestOutage = TimeSpan.FromMinutes(10);

    /// <summary>The server can be reached.</summary>
    /// <exception cref="InputException">It cannot, or its name is wrong.</exception>
    public async Task RequireServerAsync()
    {
        try
        {
            var options = Options();
            options.AbortOnConnectFail = true;
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            await connection.GetDatabase().PingAsync();
        }
        catch (Exception fault) when (fault is RedisException or ArgumentException or TimeoutException)
        {
            throw new InputException($"--redis {Shown(server)}: expected the HOST:PORT of a Redis that answers, found: {fault.Message.Split('\n')[0].TrimEnd('.')}; start one there, or leave --redis out", fault);
        }
    }

    /// <summary>Configures one silo of the cluster. A process that dies is noticed within two seconds, one that is stopped within four.</summary>
    public void Configure(ISiloBuilder silo, IPAddress address, int siloPort, int gatewayPort)
    {
        silo.UseRedisClustering(redis => redis.ConfigurationOptions = Options());
        silo.AddRedisGrainStorage(SharedStorage, (Orleans.Persistence.RedisStorageOptions redis) => redis.ConfigurationOptions = Options());
        silo.ConfigureEndpoints(address, siloPort, gatewayPort);
        silo.Configure<ClusterOptions>(cluster => (cluster.ServiceId, cluster.ClusterId) = ($"minimind/{name}", name));
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = TimeSpan.FromSeconds(1);
            membership.MaxProbeTimeout = TimeSpan.FromSeconds(1.5);
            membership.NumMissedProbesLimit = 2;
            membership.NumVotesForDeathDeclaration = 1;
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(2);
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
            membership.ExtendProbeTimeoutDuringDegradation = false;
        });
        silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(2));
    }

    /// <summary>Grains that ask for the storage <paramref name="storage"/> keep their state in the Redis, and a copy of it in the run's folder.</summary>
    /// <param name="notice">Told when the Redis cannot be reached.</param>
    public static void AddStorage(IServiceCollection services, string storage, RunFolder folder, Action<string> notice, TimeProvider time) =>
        services.AddKeyedSingleton<IGrainStorage>(storage, (provider, _) => new MirroredGrainStorage(
            provider.GetRequiredKeyedService<IGrainStorage>(SharedStorage), new FileGrainStorage(folder.State), Patience(notice, time)));

    /// <summary>Waits out an outage of the Redis.</summary>
    private static ResiliencePipeline Patience(Action<string> notice, TimeProvider time) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = outcome => ValueTask.FromResult(outcome.Outcome.Exception is { } fault && IsOutage(fault)),
            MaxRetryAttempts = (int)(LongestOutage / Pause), Delay = Pause, BackoffType = DelayBackoffType.Constant,
            OnRetry = retry =>
            {
                if (retry.AttemptNumber == 0) notice($"the Redis does not answer ({Words(retry.Outcome.Exception!)}); training goes on, the run's state is written when it is back");
                return default;
            },
        })
        .Build();

    /// <summary>The storage carries the connection's faults as text in one of its own.</summary>
    private static bool IsOutage(Exception fault) => fault is Orleans.Persistence.Redis.RedisStorageException or RedisException or TimeoutException;

    /// <summary>The cause without the state of the connection pool, which follows it.</summary>
    private static string Words(Exception fault)
    {
        const string Kind = "Exception: ";
        var text = fault.GetBaseException().Message.Split('\n')[0];
        if (text.IndexOf(Kind, StringComparison.Ordinal) is > 0 and var at) text = text[(at + Kind.Length)..];
        return text.Split(" - ")[0].Trim();
    }

    /// <summary>For people, without what is secret.</summary>
    private static string Shown(string server) =>
        string.Join(',', server.Split(',').Select(part => part.StartsWith("password=", StringComparison.OrdinalIgnoreCase) ? "password=…" : part));

    private ConfigurationOptions Options()
    {
        var options = ConfigurationOptions.Parse(server);
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = 2000;
        options.AsyncTimeout = options.SyncTimeout = 2000;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        return options;
    }
}
