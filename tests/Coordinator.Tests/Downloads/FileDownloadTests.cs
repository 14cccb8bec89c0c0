using System.Security.Cryptography;
using MiniMind.Coordinator.Downloads;
using MiniMind.Coordinator.Grains;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Downloads;

public sealed class FileDownloadTests : DownloadTest
{
    [Fact]
    public async Task A_file_is_fetched_from_the_datasets_address_and_its_hash_told()
    {
        var file = await DownloadAsync();
        AssertComplete();
        Assert.Equal(new DownloadedFile(Convert.ToHexStringLower(SHA256.HashData(Server.Content)), Verified: true), file);
        Assert.Equal("/datasets/jingyaogong/minimind_dataset/resolve/main/sft.jsonl", Assert.Single(Server.Requests).Path);
    }

    [Fact]
    public async Task A_connection_that_breaks_again_and_again_is_gone_on_with_where_it_broke()
    {
        // More often than tries in vain are allowed: something comes each time.
        for (int time = 0; time < 10; time++) Server.BreakAfter(20_000);
        await DownloadAsync();
        AssertComplete();
        Assert.Equal(11, Server.Requests.Count);
        Assert.Equal("", Ranges[0]);
        Assert.All(Ranges.Skip(1), range => Assert.StartsWith("bytes=", range, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_never_gets_further_is_given_up(bool saysHash)
    {
        // Some bytes come each time, but always the same ones.
        Server.KnowsRanges = false;
        if (!saysHash) Server.Hash = "";
        for (int time = 0; time < 100; time++) Server.BreakAfter(20_000);
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        Assert.Contains("after 6 tries", fault.Message, StringComparison.Ordinal);
        // How much of the 20,000 arrives before the break may grow at first.
        Assert.InRange(Server.Requests.Count, 7, 50);
    }

    [Fact]
    public async Task A_server_that_sends_more_than_it_announced_is_given_up()
    {
        Server.Planned.Enqueue(async context =>
        {
            context.Response.Headers["X-Linked-Size"] = "300000";
            while (!context.RequestAborted.IsCancellationRequested) await context.Response.Body.WriteAsync(Server.Content);
            return true;
        });
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        Assert.Contains("expected 300,000 bytes, found ", fault.Message, StringComparison.Ordinal);
        AssertNothingIsLeft();
        Assert.Single(Server.Requests);
    }

    [Fact]
    public async Task A_server_that_is_busy_is_asked_again_when_it_says()
    {
        Server.Refuse(429, retryAfter: "7");
        Server.Refuse(503);
        await DownloadAsync();
        AssertComplete();
        Assert.Equal([TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(2)], Time.Waited);
    }

    [Fact]
    public async Task Tries_in_vain_end_with_what_to_do_and_keep_what_has_come()
    {
        Server.BreakAfter(50_000);
        for (int time = 0; time < 6; time++) Server.Refuse(500);
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        Assert.Contains("the server answers 500", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--endpoint or --proxy", fault.Message, StringComparison.Ordinal);
        Assert.InRange(new FileInfo(Path + ".partial").Length, 1, 50_000);
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task A_length_that_is_not_told_is_no_obstacle()
    {
        Server.SaysLength = false;
        await DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task A_connection_on_which_nothing_comes_is_given_up_and_tried_again()
    {
        Server.Planned.Enqueue(async context =>
        {
            await Server.StallAsync(context, 1000);
            return true;
        });
        await DownloadAsync(progress: new Watcher(bytes =>
        {
            if (bytes == 1000) Time.EndLongWaits();
        }));
        AssertComplete();
    }

    [Fact]
    public async Task Redirects_are_followed_without_the_token_and_with_what_the_hub_says_of_the_content()
    {
        await using var elsewhere = await PublishingServer.StartAsync();
        elsewhere.Content = Server.Content;
        Redirect(elsewhere, Convert.ToHexStringLower(SHA256.HashData(Server.Content)));
        await DownloadAsync(Hub with { Token = "secret" });
        AssertComplete();
        Assert.Equal("Bearer secret", Assert.Single(Server.Requests).Authorization);
        Assert.Equal("", Assert.Single(elsewhere.Requests).Authorization);
    }

    [Fact]
    public async Task Content_of_another_hash_is_refused_and_removed()
    {
        await using var elsewhere = await PublishingServer.StartAsync();
        elsewhere.Content = Server.Content;
        Redirect(elsewhere, new string('a', 64));
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => DownloadAsync());
        Assert.Contains($"expected SHA-256 {new string('a', 64)}, found {Convert.ToHexStringLower(SHA256.HashData(Server.Content))}", fault.Message, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_proxy_is_asked_when_one_is_given()
    {
        await using var proxy = await PublishingServer.StartAsync();
        proxy.Content = Server.Content;
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
        Server.Refuse(status);
        Assert.Contains(message, (await Assert.ThrowsAsync<InputException>(() => DownloadAsync())).Message);
        Assert.Single(Server.Requests);
    }

    private void Redirect(PublishingServer target, string sha) => Server.Planned.Enqueue(context =>
    {
        context.Response.StatusCode = 302;
        context.Response.Headers.Location = new Uri(target.Address, "/cdn/file").ToString();
        context.Response.Headers["X-Linked-ETag"] = $"\"{sha}\"";
        context.Response.Headers["X-Linked-Size"] = $"{Server.Content.Length}";
        return Task.FromResult(true);
    });
}
