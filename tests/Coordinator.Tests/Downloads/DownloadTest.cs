using MiniMind.Coordinator.Downloads;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.Downloads;

/// <summary>A hub with one file, and an empty folder to download it to.</summary>
public abstract class DownloadTest : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    private protected EagerTime Time { get; } = new();

    private protected List<string> Told { get; } = [];

    private protected PublishingServer Server { get; private set; } = null!;

    private protected Hub Hub => Hub.HuggingFace with { Endpoint = Server.Address };

    private protected string Path => _folder["data/sft.jsonl"];

    private protected string[] Ranges => [.. Server.Requests.Select(request => request.Range)];

    public async Task InitializeAsync()
    {
        Server = await PublishingServer.StartAsync();
        Server.Content = new byte[300_000];
        new Random(1).NextBytes(Server.Content);
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    private protected async Task<DownloadedFile> DownloadAsync(
        Hub? hub = null, Uri? proxy = null, IProgress<DownloadProgress>? progress = null, Func<string, FileStream>? open = null, CancellationToken ct = default)
    {
        hub ??= Hub;
        using var client = new HubClient(hub, proxy);
        return await new FileDownload(client, Time, Told.Add) { Open = open ?? PartialFile.OpenAtEnd }.RunAsync(hub.AddressOf("sft.jsonl", null), Path, progress, ct);
    }

    private protected void AssertComplete()
    {
        Assert.Equal(Server.Content, File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
    }

    private protected void AssertNothingIsLeft() => Assert.Empty(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));

    /// <summary>A part of the file comes, then the server refuses until this download gives up.</summary>
    private protected async Task DownloadInPartAsync(int bytes)
    {
        Server.BreakAfter(bytes);
        for (int time = 0; time < 6; time++) Server.Refuse(500);
        await Assert.ThrowsAsync<Pipeline.RunFailedException>(() => DownloadAsync());
        Server.Requests.Clear();
        Told.Clear();
    }

    private protected sealed class Watcher(Action<long> heard) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => heard(value.Bytes);
    }
}
