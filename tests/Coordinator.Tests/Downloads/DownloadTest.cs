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

    private protected void AssertNothingIsLeft() => Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories));

    /// <summary>A download that is stopped after so many bytes.</summary>
    private protected async Task DownloadInPartAsync(int bytes)
    {
        using var stop = new CancellationTokenSource();
        Server.Planned.Enqueue(async context =>
        {
            await Server.StallAsync(context, bytes);
            return true;
        });
        var progress = new Watcher(come =>
        {
            if (come == bytes) stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DownloadAsync(progress: progress, ct: stop.Token));
        Server.Requests.Clear();
    }

    private protected sealed class Watcher(Action<long> heard) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => heard(value.Bytes);
    }
}
