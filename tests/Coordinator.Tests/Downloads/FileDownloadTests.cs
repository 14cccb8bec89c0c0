using System.Security.Cryptography;
using MiniMind.Coordinator.Downloads;
using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Downloads;

public sealed class FileDownloadTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly EagerTime _time = new();
    private readonly List<string> _told = [];
    private PublishingServer _server = null!;

    private string Path => _folder["data/sft.jsonl"];

    private Hub Hub => MiniMind.Coordinator.Downloads.Hub.HuggingFace with { Endpoint = _server.Address };

    public async Task InitializeAsync()
    {
        _server = await PublishingServer.StartAsync();
        _server.Content = new byte[300_000];
        new Random(1).NextBytes(_server.Content);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<string> DownloadAsync(Hub? hub = null, Uri? proxy = null, IProgress<DownloadProgress>? progress = null, CancellationToken ct = default)
    {
        hub ??= Hub;
        using var client = new HubClient(hub, proxy);
        return await new FileDownload(client, _time, _told.Add).RunAsync(hub.AddressOf("sft.jsonl", null), Path, progress, ct);
    }

    private void AssertComplete()
    {
        Assert.Equal(_server.Content, File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
    }

    private string[] Ranges => [.. _server.Requests.Select(request => request.Range)];

    [Fact]
    public async Task A_file_is_fetched_from_the_datasets_address_and_its_hash_told()
    {
        string sha = await DownloadAsync();
        AssertComplete();
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(_server.Content)), sha);
        Assert.Equal("/datasets/jingyaogong/minimind_dataset/resolve/main/sft.jsonl", Assert.Single(_server.Requests).Path);
    }

    [Fact]
    public async Task A_connection_that_breaks_again_and_again_is_gone_on_with_where_it_broke()
    {
        // More often than tries in vain are allowed: something comes each time.
        for (int time = 0; time < 10; time++) _server.BreakAfter(20_000);
        await DownloadAsync();
        AssertComplete();
        Assert.Equal(11, _server.Requests.Count);
        Assert.Equal("", Ranges[0]);
        Assert.All(Ranges.Skip(1), range => Assert.StartsWith("bytes=", range, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_is_busy_is_asked_again_when_it_says()
    {
        _server.Refuse(429, retryAfter: "7");
        _server.Refuse(503);
        await DownloadAsync();
        AssertComplete();
        Assert.Equal([TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(2)], _time.Waited);
    }

    [Fact]
    public async Task Tries_in_vain_end_with_what_to_do_and_keep_what_has_come()
    {
        _server.BreakAfter(50_000);
        for (int time = 0; time < 6; time++) _server.Refuse(500);
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        Assert.Contains("the server answers 500", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--endpoint or --proxy", fault.Message, StringComparison.Ordinal);
        Assert.InRange(new FileInfo(Path + ".partial").Length, 1, 50_000);
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task An_interrupted_download_is_gone_on_with_by_another_process()
    {
        using var stop = new CancellationTokenSource();
        _server.Planned.Enqueue(async context =>
        {
            await _server.StallAsync(context, 100_000);
            return true;
        });
        var progress = new Watcher(bytes =>
        {
            if (bytes == 100_000) stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DownloadAsync(progress: progress, ct: stop.Token));
        Assert.False(File.Exists(Path));
        await DownloadAsync();
        AssertComplete();
        Assert.Equal(["", "bytes=100000-"], Ranges);
    }

    [Fact]
    public async Task A_file_that_changed_on_the_server_is_begun_anew()
    {
        _server.BreakAfter(100_000);
        _server.Planned.Enqueue(_ =>
        {
            _server.Content = [.. _server.Content.Reverse()];
            _server.Tag = "\"two\"";
            return Task.FromResult(false);
        });
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task A_server_that_knows_no_ranges_starts_from_the_beginning()
    {
        _server.KnowsRanges = false;
        _server.BreakAfter(100_000);
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task A_part_that_is_longer_than_the_file_is_thrown_away()
    {
        _server.BreakAfter(200_000);
        for (int time = 0; time < 6; time++) _server.Refuse(500);
        await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        _server.Content = _server.Content[..1000];
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task A_length_that_is_not_told_is_no_obstacle()
    {
        _server.SaysLength = false;
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task A_connection_on_which_nothing_comes_is_given_up_and_tried_again()
    {
        _server.Planned.Enqueue(async context =>
        {
            await _server.StallAsync(context, 1000);
            return true;
        });
        await DownloadAsync(progress: new Watcher(bytes =>
        {
            if (bytes == 1000) _time.EndLongWaits();
        }));
        AssertComplete();
    }

    [Fact]
    public async Task Redirects_are_followed_without_the_token_and_with_what_the_hub_says_of_the_content()
    {
        await using var elsewhere = await PublishingServer.StartAsync();
        elsewhere.Content = _server.Content;
        Redirect(elsewhere, Convert.ToHexStringLower(SHA256.HashData(_server.Content)));
        await DownloadAsync(Hub with { Token = "secret" });
        AssertComplete();
        Assert.Equal("Bearer secret", Assert.Single(_server.Requests).Authorization);
        Assert.Equal("", Assert.Single(elsewhere.Requests).Authorization);
    }

    [Fact]
    public async Task Content_of_another_hash_is_refused_and_removed()
    {
        await using var elsewhere = await PublishingServer.StartAsync();
        elsewhere.Content = _server.Content;
        Redirect(elsewhere, new string('a', 64));
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        Assert.Contains($"expected SHA-256 {new string('a', 64)}, found {Convert.ToHexStringLower(SHA256.HashData(_server.Content))}", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
    }

    [Fact]
    public async Task A_proxy_is_asked_when_one_is_given()
    {
        await using var proxy = await PublishingServer.StartAsync();
        proxy.Content = _server.Content;
        var nowhere = Hub with { Endpoint = new Uri("http://hub.invalid") };
        await DownloadAsync(nowhere, proxy.Address);
        AssertComplete();
        Assert.Single(proxy.Requests);
    }

    [Theory]
    [InlineData(404, "there is no such file (404)")]
    [InlineData(401, "HF_TOKEN")]
    public async Task What_trying_again_cannot_mend_is_said_at_once(int status, string message)
    {
        _server.Refuse(status);
        Assert.Contains(message, (await Assert.ThrowsAsync<InputException>(() => DownloadAsync())).Message);
        Assert.Single(_server.Requests);
    }

    private void Redirect(PublishingServer target, string sha) => _server.Planned.Enqueue(context =>
    {
        context.Response.StatusCode = 302;
        context.Response.Headers.Location = new Uri(target.Address, "/cdn/file").ToString();
        context.Response.Headers["X-Linked-ETag"] = $"\"{sha}\"";
        context.Response.Headers["X-Linked-Size"] = $"{_server.Content.Length}";
        return Task.FromResult(true);
    });

    private sealed class Watcher(Action<long> heard) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => heard(value.Bytes);
    }
}
