using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Artifacts;

/// <summary>The service over real gRPC on loopback.</summary>
public sealed class ArtifactsServiceTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _content = new byte[2_500_000];
    private string _hash = "";
    private WebApplication _server = null!;
    private GrpcChannel _channel = null!;
    private Protos.Artifacts.ArtifactsClient _client = null!;

    public async Task InitializeAsync()
    {
        new Random(2).NextBytes(_content);
        _hash = Convert.ToHexStringLower(SHA256.HashData(_content));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(System.Net.IPAddress.Loopback, 0, port => port.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(new ArtifactStore(_folder["store"]));
        builder.Services.AddGrpc();
        _server = builder.Build();
        _server.MapGrpcService<ArtifactsService>();
        await _server.StartAsync();
        _channel = GrpcChannel.ForAddress(_server.Urls.Single());
        _client = new Protos.Artifacts.ArtifactsClient(_channel);
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Artifact_that_is_put_can_be_found_and_got_back()
    {
        Assert.False((await _client.FindAsync(new ArtifactRequest { Sha256 = _hash })).Found);

        var receipt = await PutAsync(_content, _hash, _content.Length);

        Assert.Equal((true, _content.Length), (receipt.Found, receipt.Size));
        Assert.Equal(receipt, await _client.FindAsync(new ArtifactRequest { Sha256 = _hash }));
        Assert.Equal(_content, await GetAsync(_hash, 0));
        Assert.Equal(_content[1_700_000..], await GetAsync(_hash, 1_700_000));
        Assert.Empty(await GetAsync(_hash, _content.Length));
    }

    [Fact]
    public async Task Artifact_that_is_there_already_is_accepted_again()
    {
        await PutAsync(_content, _hash, _content.Length);

        Assert.True((await PutAsync(_content, _hash, _content.Length)).Found);
    }

    [Fact]
    public async Task Content_that_does_not_match_is_data_loss()
    {
        var fault = await Assert.ThrowsAsync<RpcException>(() => PutAsync(_content[1..], _hash, _content.Length - 1));

        Assert.Equal(StatusCode.DataLoss, fault.StatusCode);
        Assert.Contains(_hash, fault.Status.Detail, StringComparison.Ordinal);
        Assert.False((await _client.FindAsync(new ArtifactRequest { Sha256 = _hash })).Found);
    }

    [Fact]
    public async Task Artifact_that_is_missing_is_not_found()
    {
        var fault = await Assert.ThrowsAsync<RpcException>(() => GetAsync(_hash, 0));

        Assert.Equal(StatusCode.NotFound, fault.StatusCode);
        Assert.Contains(_hash, fault.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_told_why()
    {
        await PutAsync(_content, _hash, _content.Length);
        using var empty = _client.Put();
        await empty.RequestStream.CompleteAsync();

        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => GetAsync("../x", 0))).StatusCode);
        Assert.Equal(StatusCode.OutOfRange, (await Assert.ThrowsAsync<RpcException>(() => GetAsync(_hash, _content.Length + 1))).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => empty.ResponseAsync)).StatusCode);
    }

    private async Task<ArtifactReceipt> PutAsync(byte[] content, string sha256, long size)
    {
        using var call = _client.Put();
        bool first = true;
        foreach (byte[] part in content.Chunk(900_000))
        {
            var chunk = new ArtifactChunk { Data = ByteString.CopyFrom(part) };
            if (first) (chunk.Sha256, chunk.Size) = (sha256, size);
            first = false;
            await call.RequestStream.WriteAsync(chunk);
        }

        await call.RequestStream.CompleteAsync();
        return await call.ResponseAsync;
    }

    private async Task<byte[]> GetAsync(string sha256, long offset)
    {
        using var call = _client.Get(new ArtifactRequest { Sha256 = sha256, Offset = offset });
        using var all = new MemoryStream();
        long? size = null;
        await foreach (var chunk in call.ResponseStream.ReadAllAsync())
        {
            size ??= chunk.Size;
            chunk.Data.WriteTo(all);
        }

        Assert.Equal(_content.Length, size);
        return all.ToArray();
    }
}
