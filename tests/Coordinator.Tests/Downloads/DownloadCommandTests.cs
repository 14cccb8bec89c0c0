using System.Security.Cryptography;
using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Downloads;
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

    [Fact]
    public void Both_hubs_have_an_address_for_every_file()
    {
        Assert.Equal("https://huggingface.co/datasets/jingyaogong/minimind_dataset/resolve/main/dpo.jsonl", Hub.HuggingFace.AddressOf("dpo.jsonl", null).ToString());
        Assert.Equal("https://www.modelscope.cn/datasets/gongjy/minimind_dataset/resolve/v1/a%20b.jsonl", Hub.ModelScope.AddressOf("a b.jsonl", "v1").AbsoluteUri);
    }
}
