using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Grpc;

public sealed class ChannelFactoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("minimind-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Tls_with_own_authority_and_client_certificate_reaches_the_server()
    {
        using var authority = NewAuthority();
        var settings = new ChannelSettings
        {
            AuthorityFile = Write("authority.pem", authority.ExportCertificatePem()),
            ClientCertificateFile = WriteWithKey("client.pem", authority, "worker"),
        };
        string? client = null;
        await using var server = await StartAsync(authority, found => client = found.Subject);
        using var channel = ChannelFactory.ForControl(AddressOf(server), settings);

        var receipt = await new Artifacts.ArtifactsClient(channel).FindAsync(new ArtifactRequest());

        Assert.Equal(42, receipt.Size);
        Assert.Equal("CN=worker", client);
    }

    [Fact]
    public async Task Tls_server_of_an_unknown_authority_is_not_trusted()
    {
        using var authority = NewAuthority();
        using var stranger = NewAuthority();
        var settings = new ChannelSettings
        {
            AuthorityFile = Write("authority.pem", authority.ExportCertificatePem()),
            ClientCertificateFile = WriteWithKey("client.pem", authority, "worker"),
        };
        await using var server = await StartAsync(stranger, _ => { });
        using var channel = ChannelFactory.ForTransfer(AddressOf(server), settings);

        var refusal = await Assert.ThrowsAsync<RpcException>(
            () => new Artifacts.ArtifactsClient(channel).FindAsync(new ArtifactRequest()).ResponseAsync);

        Assert.Contains("SSL", refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:5000")]
    [InlineData("ftp://host:1")]
    public void Address_without_http_scheme_is_refused_together_with_wrong_settings(string address)
    {
        var settings = new ChannelSettings { ClientKeyFile = "/nowhere/key.pem", ConnectTimeout = TimeSpan.Zero };

        var refusal = Assert.Throws<ArgumentException>(() => ChannelFactory.ForControl(address, settings));

        Assert.Contains($"\"{address}\"", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/key.pem", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChannelSettings.ClientCertificateFile), refusal.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChannelSettings.ConnectTimeout), refusal.Message, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private string WriteWithKey(string name, X509Certificate2 authority, string subject)
    {
        using var certificate = Sign(authority, subject);
        return Write(name, $"{certificate.ExportCertificatePem()}\n{certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}");
    }

    private static X509Certificate2 NewAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
    }

    private static X509Certificate2 Sign(X509Certificate2 authority, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(authority, authority.NotBefore, authority.NotAfter, [1, 2, 3, 4]);
        return signed.CopyWithPrivateKey(key);
    }

    private static async Task<WebApplication> StartAsync(X509Certificate2 authority, Action<X509Certificate2> seen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = Sign(authority, "server");
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (client, _, _) =>
                {
                    seen(client);
                    return true;
                };
            });
        }));
        var server = builder.Build();
        server.MapGrpcService<FortyTwo>();
        await server.StartAsync();
        return server;
    }

    private static string AddressOf(WebApplication server) =>
        server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    private sealed class FortyTwo : Artifacts.ArtifactsBase
    {
        public override Task<ArtifactReceipt> Find(ArtifactRequest request, ServerCallContext context) =>
            Task.FromResult(new ArtifactReceipt { Size = 42 });
    }
}
