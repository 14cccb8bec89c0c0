using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Downloads;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Tests.Storage;
using Spectre.Console;

namespace MiniMind.Coordinator.Tests.Downloads;

/// <summary>Which hub is asked, where, and who gets the token.</summary>
public sealed class HubChoiceTests : IAsyncLifetime
{
    private const string HuggingFacePath = "/datasets/jingyaogong/minimind_dataset/resolve/main/dpo.jsonl";
    private const string ModelScopePath = "/datasets/gongjy/minimind_dataset/resolve/master/dpo.jsonl";

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private PublishingServer _huggingFace = null!;
    private PublishingServer _modelScope = null!;
    private PublishingServer _mirror = null!;

    private static DownloadOptions Wanted => new() { Names = ["dpo"], Token = "secret" };

    private string File => _folder["dpo.jsonl"];

    public async Task InitializeAsync()
    {
        (_huggingFace, _modelScope, _mirror) = (await PublishingServer.StartAsync(), await PublishingServer.StartAsync(), await PublishingServer.StartAsync());
        _huggingFace.Content = _modelScope.Content = _mirror.Content = new byte[100_000];
    }

    public async Task DisposeAsync()
    {
        foreach (var server in (PublishingServer[])[_huggingFace, _modelScope, _mirror]) await server.DisposeAsync();
        _folder.Dispose();
        _output.Dispose();
    }

    private Task<int> RunAsync(DownloadOptions options, CancellationToken stop = default)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
        Hub[] known = [Hub.HuggingFace with { Endpoint = _huggingFace.Address }, Hub.ModelScope with { Endpoint = _modelScope.Address }];
        return new DownloadCommand(console, _output, new EagerTime(), known).RunAsync(options with { Out = _folder.Path }, stop);
    }

    private static void Refuse(PublishingServer server)
    {
        for (int time = 0; time < 6; time++) server.Refuse(503);
    }

    private static (string Path, string Authorization)[] Asked(PublishingServer server) => [.. server.Requests.Select(request => (request.Path, request.Authorization)).Distinct()];

    [Fact]
    public async Task Hugging_Face_is_asked_first_and_alone_gets_the_token()
    {
        await RunAsync(Wanted);
        Assert.Equal([(HuggingFacePath, "Bearer secret")], Asked(_huggingFace));
        Assert.Empty(_modelScope.Requests);
    }

    [Fact]
    public async Task A_hub_that_cannot_be_reached_is_replaced_by_the_second_one_without_the_token()
    {
        Refuse(_huggingFace);
        await RunAsync(Wanted);
        Assert.Equal(_modelScope.Content, System.IO.File.ReadAllBytes(File));
        Assert.Equal([(ModelScopePath, "")], Asked(_modelScope));
        Assert.Contains("trying modelscope", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_came_from_the_second_hub_is_gone_on_with_while_the_first_one_cannot_be_reached()
    {
        Refuse(_huggingFace);
        _modelScope.BreakAfter(50_000);
        Refuse(_modelScope);
        await Assert.ThrowsAsync<RunFailedException>(() => RunAsync(Wanted));
        long part = new FileInfo(File + ".partial").Length;
        Refuse(_huggingFace);
        await RunAsync(Wanted);
        Assert.Equal($"bytes={part}-", _modelScope.Requests.Last().Range);
        Assert.Equal(_modelScope.Content, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public async Task What_came_from_the_first_hub_is_not_given_up_for_the_second_one()
    {
        _huggingFace.BreakAfter(50_000);
        Refuse(_huggingFace);
        var fault = await Assert.ThrowsAsync<RunFailedException>(() => RunAsync(Wanted));
        Assert.Contains("what has come is kept, and the same command goes on", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_modelScope.Requests);
    }

    [Fact]
    public async Task HF_ENDPOINT_replaces_the_address_of_Hugging_Face_and_gets_its_token()
    {
        await RunAsync(Wanted with { HuggingFaceEndpoint = _mirror.Address.ToString() });
        Assert.Equal([(HuggingFacePath, "Bearer secret")], Asked(_mirror));
        Assert.Empty(_huggingFace.Requests);
    }

    [Fact]
    public async Task HF_ENDPOINT_that_cannot_be_reached_leaves_the_second_hub()
    {
        Refuse(_mirror);
        await RunAsync(Wanted with { HuggingFaceEndpoint = _mirror.Address.ToString() });
        Assert.Equal([(ModelScopePath, "")], Asked(_modelScope));
        Assert.Empty(_huggingFace.Requests);
    }

    [Fact]
    public async Task HF_ENDPOINT_is_none_of_the_business_of_ModelScope()
    {
        await RunAsync(Wanted with { Hub = "modelscope", HuggingFaceEndpoint = "no address" });
        Assert.Equal([(ModelScopePath, "")], Asked(_modelScope));
    }

    [Theory]
    [InlineData(null, HuggingFacePath, "Bearer secret")]
    [InlineData("huggingface", HuggingFacePath, "Bearer secret")]
    [InlineData("modelscope", ModelScopePath, "")]
    public async Task An_explicit_endpoint_replaces_the_address_of_the_chosen_hub(string? hub, string path, string authorization)
    {
        await RunAsync(Wanted with { Hub = hub, Endpoint = _mirror.Address.ToString(), HuggingFaceEndpoint = _huggingFace.Address.ToString() });
        Assert.Equal([(path, authorization)], Asked(_mirror));
        Assert.Empty(_huggingFace.Requests.Concat(_modelScope.Requests));
    }

    [Fact]
    public async Task An_explicit_endpoint_is_the_only_one()
    {
        Refuse(_mirror);
        await Assert.ThrowsAsync<RunFailedException>(() => RunAsync(Wanted with { Endpoint = _mirror.Address.ToString() }));
        Assert.Empty(_huggingFace.Requests.Concat(_modelScope.Requests));
    }

    [Fact]
    public async Task The_token_does_not_follow_a_redirect_to_the_other_hub()
    {
        _huggingFace.Planned.Enqueue(context =>
        {
            context.Response.Redirect(new Uri(_modelScope.Address, "/elsewhere").ToString());
            return Task.FromResult(true);
        });
        await RunAsync(Wanted);
        Assert.Equal([("/elsewhere", "")], Asked(_modelScope));
    }
}
