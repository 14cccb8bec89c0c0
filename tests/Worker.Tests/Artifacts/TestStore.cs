using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using MiniMind.Protos;

namespace MiniMind.Worker.Tests.Artifacts;

/// <summary>An artifact store over a dictionary, behind a real gRPC server, with faults that tests choose.</summary>
internal sealed class TestStore : Protos.Artifacts.ArtifactsBase, IAsyncDisposable
{
    private WebApplication? _server;
    private int _refusals;

    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Offsets that clients asked for, in order.</summary>
    public ConcurrentQueue<long> Offsets { get; } = new();

    public int Puts { get; private set; }

    /// <summary>How many of the next calls fail with UNAVAILABLE.</summary>
    public int Refusals { get => _refusals; set => _refusals = value; }

    /// <summary>Bytes after which each Get breaks off.</summary>
    public int BreakAfter { get; set; } = int.MaxValue;

    /// <summary>How many of the next uploads end with their connection, after the first chunk.</summary>
    public int BrokenUploads { get; set; }

    /// <summary>Awaited at the start of each Get.</summary>
    public Func<Task> BeforeGet { get; set; } = () => Task.CompletedTask;

    public string Address => _server!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<TestStore> StartAsync()
    {
        var store = new TestStore();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(store);
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        store._server = builder.Build();
        store._server.MapGrpcService<TestStore>();
        await store._server.StartAsync();
        return store;
    }

    public ArtifactRef Add(string name, byte[] content)
    {
        var reference = Refer(name, content);
        Files[reference.Sha256] = content;
        return reference;
    }

    public static ArtifactRef Refer(string name, byte[] content) =>
        new() { Name = name, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)), Size = content.Length };

    public override async Task Get(ArtifactRequest request, IServerStreamWriter<ArtifactChunk> responseStream, ServerCallContext context)
    {
        Offsets.Enqueue(request.Offset);
        await BeforeGet();
        Refuse();
        if (!Files.TryGetValue(request.Sha256, out var content)) throw new RpcException(new Status(StatusCode.NotFound, "no such artifact"));
        var rest = content.AsMemory((int)request.Offset);
        var sent = 0;
        foreach (var part in Enumerable.Range(0, (rest.Length + 9999) / 10_000).Select(i => rest[(i * 10_000)..Math.Min((i + 1) * 10_000, rest.Length)]))
        {
            if (sent >= BreakAfter) throw new RpcException(new Status(StatusCode.Unavailable, "the store goes away"));
            await responseStream.WriteAsync(new ArtifactChunk { Size = content.Length, Data = ByteString.CopyFrom(part.Span) });
            sent += part.Length;
        }
    }

    public override async Task<ArtifactReceipt> Put(IAsyncStreamReader<ArtifactChunk> requestStream, ServerCallContext context)
    {
        Puts++;
        Refuse();
        var content = new MemoryStream();
        ArtifactChunk? first = null;
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            if (first is null && BrokenUploads-- > 0) context.GetHttpContext().Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
            first ??= requestStream.Current;
            content.Write(requestStream.Current.Data.Span);
        }
        var reference = Refer("", content.ToArray());
        if (reference.Sha256 != first!.Sha256 || reference.Size != first.Size) throw new RpcException(new Status(StatusCode.DataLoss, "content does not match"));
        Files[reference.Sha256] = content.ToArray();
        return new ArtifactReceipt { Found = true, Size = reference.Size };
    }

    public override Task<ArtifactReceipt> Find(ArtifactRequest request, ServerCallContext context)
    {
        Refuse();
        var found = Files.TryGetValue(request.Sha256, out var content);
        return Task.FromResult(new ArtifactReceipt { Found = found, Size = content?.Length ?? 0 });
    }

    public async ValueTask DisposeAsync() => await _server!.DisposeAsync();

    private void Refuse()
    {
        if (Interlocked.Decrement(ref _refusals) >= 0) throw new RpcException(new Status(StatusCode.Unavailable, "the store is away"));
    }
}
