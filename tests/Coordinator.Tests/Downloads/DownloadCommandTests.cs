using System.Security.Cryptography;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Downloads;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Text;
using Spectre.Console;

namespace MiniMind.Coordinator.Tests.Downloads;

public sealed class DownloadCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();

    public void Dispose()
    {
        _folder.Dispose();
        _output.Dispose();
    }

    private string Output => _output.ToString().ReplaceLineEndings("\n").Replace('\\', '/');

    private Task<int> RunAsync(DownloadOptions options, IReadOnlyList<Hub>? hubs = null)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
        return new DownloadCommand(console, _output, new EagerTime(), hubs ?? Hub.All).RunAsync(options with { Out = _folder["out"] }, default);
    }

    [Fact]
    public async Task Without_a_name_all_published_files_are_listed()
    {
        Assert.Equal(0, await RunAsync(new DownloadOptions { Names = [] }));
        foreach (var file in PublishedFile.All) Assert.Contains(file.Name, _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_there_is_left_alone_unless_asked()
    {
        await using var server = await PublishingServer.StartAsync();
        server.Content = "{\"text\": \"a\"}\n"u8.ToArray();
        var options = new DownloadOptions { Names = ["sft_512.jsonl", "dpo"], Files = ["more/other.jsonl"], Endpoint = server.Address.ToString() };
        Assert.Equal(0, await RunAsync(options));
        Assert.Equal(3, server.Requests.Count);
        Assert.Contains("next: minimind data check", _output.ToString(), StringComparison.Ordinal);
        Assert.True(File.Exists(_folder["out/more/other.jsonl"]));
        await RunAsync(options);
        Assert.Equal(3, server.Requests.Count);
        await RunAsync(options with { Force = true });
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public async Task Wrong_names_addresses_and_paths_are_refused_before_anything_is_asked()
    {
        Assert.Contains("did you mean 'sft_512'", (await Assert.ThrowsAsync<InputException>(() => RunAsync(new DownloadOptions { Names = ["sft_521"] }))).Message);
        Assert.Contains("--endpoint", (await Assert.ThrowsAsync<InputException>(() => RunAsync(new DownloadOptions { Names = ["dpo"], Endpoint = "hf-mirror.com" }))).Message);
        Assert.Contains("--proxy", (await Assert.ThrowsAsync<InputException>(() => RunAsync(new DownloadOptions { Names = ["dpo"], Proxy = "ftp://x" }))).Message);
        Assert.Contains("HF_ENDPOINT", (await Assert.ThrowsAsync<InputException>(() => RunAsync(new DownloadOptions { Names = ["dpo"], HuggingFaceEndpoint = "hf-mirror.com" }))).Message);
        foreach (string path in (string[])["../x.jsonl", "/etc/x", "a/../../x", ""])
            Assert.Contains("--file", (await Assert.ThrowsAsync<InputException>(() => RunAsync(new DownloadOptions { Names = [], Files = [path] }))).Message);
    }

    [Fact]
    public async Task A_summary_says_whether_the_content_is_verified()
    {
        await using var server = await PublishingServer.StartAsync();
        server.Content = "{}\n"u8.ToArray();
        var options = new DownloadOptions { Names = ["dpo"], Endpoint = server.Address.ToString(), Force = true };
        string summary = $"{_folder["out"]}/dpo.jsonl: 3 bytes, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(server.Content))}, ";
        await RunAsync(options);
        Assert.Contains($"{summary}verified\n", Output, StringComparison.Ordinal);
        server.Hash = "";
        await RunAsync(options);
        Assert.Contains($"{summary}not verified: the hub gives no hash\n", Output, StringComparison.Ordinal);
    }

    private static async Task<Uri> AddressThatRefusesAsync()
    {
        await using var server = await PublishingServer.StartAsync();
        return server.Address;
    }

    [Fact]
    public async Task Hubs_that_refuse_at_once_are_tried_twice_all_named_and_nothing_is_left()
    {
        var (first, second) = (await AddressThatRefusesAsync(), await AddressThatRefusesAsync());
        Hub[] hubs = [Hub.HuggingFace with { Endpoint = first }, Hub.ModelScope with { Endpoint = second }];
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => RunAsync(new DownloadOptions { Names = ["dpo"] }, hubs));
        Assert.StartsWith($"{second}datasets/", fault.Message, StringComparison.Ordinal);
        Assert.Contains("after 2 tries; nothing of it is kept. If this host cannot be reached from here, try --endpoint or --proxy. ", fault.Message, StringComparison.Ordinal);
        Assert.EndsWith($"Tried before, in vain: huggingface ({first})", fault.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task A_host_that_does_not_exist_is_tried_twice()
    {
        var options = new DownloadOptions { Names = ["dpo"], Endpoint = "http://nowhere.invalid" };
        Assert.Contains("after 2 tries", (await Assert.ThrowsAsync<RunFailedException>(() => RunAsync(options))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_named_and_not_advised_anew()
    {
        var proxy = await AddressThatRefusesAsync();
        var options = new DownloadOptions { Names = ["dpo"], Hub = "modelscope", Proxy = proxy.ToString() };
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => RunAsync(options, [Hub.ModelScope with { Endpoint = new Uri("http://nowhere.invalid") }]));
        Assert.Contains($"(through the proxy {proxy.ToString().TrimEnd('/')})", fault.Message, StringComparison.Ordinal);
        Assert.EndsWith("try --endpoint, another --hub or another --proxy", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_hubs_have_an_address_for_every_file()
    {
        Assert.Equal("https://huggingface.co/datasets/jingyaogong/minimind_dataset/resolve/main/dpo.jsonl", Hub.HuggingFace.AddressOf("dpo.jsonl", null).ToString());
        Assert.Equal("https://www.modelscope.cn/datasets/gongjy/minimind_dataset/resolve/v1/a%20b.jsonl", Hub.ModelScope.AddressOf("a b.jsonl", "v1").AbsoluteUri);
    }
}
