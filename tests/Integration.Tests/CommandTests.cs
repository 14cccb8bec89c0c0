using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

/// <summary>The commands that train nothing.</summary>
[Collection(Runs.Runs.Name)]
public sealed class CommandTests(ReferenceRun reference)
{
    private TinyProject Project => reference.Project;

    [Theory]
    [InlineData("--help", "minimind run deploy/runs/quickstart.yaml")]
    [InlineData("run --help", "--resume")]
    [InlineData("data sample --help", "--seed")]
    [InlineData("chat --help", "minimind chat")]
    [InlineData("eval --help", "--questions")]
    public async Task Help_shows_what_to_type(string command, string fragment)
    {
        var ended = await Programs.RunAsync(Project.Folder, command.Split(' '));

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("Usage:", ended.Output, StringComparison.Ordinal);
        Assert.Contains(fragment, ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("minimind-worker", ended.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rnu", "minimind --help")]
    [InlineData("chat --modle x", "minimind chat --help")]
    public async Task Wrong_usage_points_to_the_help(string command, string fragment)
    {
        var ended = await Programs.RunAsync(Project.Folder, command.Split(' '));

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.StartsWith("error: ", ended.Error, StringComparison.Ordinal);
        Assert.Contains(fragment, ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_sample_writes_the_same_bytes_for_the_same_seed()
    {
        var first = await Programs.RunAsync(Project.Folder, "data", "sample", "--out", "world-1", "--seed", "7");
        var second = await Programs.RunAsync(Project.Folder, "data", "sample", "--out", "world-2", "--seed", "7");

        Assert.True(first.ExitCode == 0 && second.ExitCode == 0, $"{first}{second}");
        Assert.Contains("pretrain.jsonl", first.Output, StringComparison.Ordinal);
        var names = Directory.GetFiles(Project.PathOf("world-1")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(names, Directory.GetFiles(Project.PathOf("world-2")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.Contains("sft.jsonl", names);
        foreach (var name in names)
            Assert.Equal(File.ReadAllBytes(Project.PathOf("world-1", name)), File.ReadAllBytes(Project.PathOf("world-2", name)));
    }

    [Fact]
    public async Task Data_sample_replaces_the_world_of_another_seed_only_when_told_to()
    {
        await Programs.RunAsync(Project.Folder, "data", "sample", "--out", "kept", "--seed", "7");
        var world = File.ReadAllBytes(Project.PathOf("kept", "sft.jsonl"));

        var refused = await Programs.RunAsync(Project.Folder, "data", "sample", "--out", "kept", "--seed", "8");

        Assert.True(refused.ExitCode == 2, refused.ToString());
        Assert.Contains("found that of seed 7. Name another folder with --out, or replace it by --force.", refused.Error, StringComparison.Ordinal);
        Assert.Equal(world, File.ReadAllBytes(Project.PathOf("kept", "sft.jsonl")));
        Assert.Equal(0, (await Programs.RunAsync(Project.Folder, "data", "sample", "--out", "kept", "--seed", "8", "--force")).ExitCode);
        Assert.NotEqual(world, File.ReadAllBytes(Project.PathOf("kept", "sft.jsonl")));
    }
}
