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
    [InlineData("chat --help", "  minimind chat --model runs/quickstart/latest --prompt")]
    [InlineData("eval --help", "--questions")]
    [InlineData("help", "minimind run deploy/runs/quickstart.yaml")]
    [InlineData("help eval", "  minimind eval --model runs/quickstart/latest --questions")]
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

    /// <summary>Before any work is done: it would be lost.</summary>
    [Theory]
    [InlineData("data sample --out")]
    [InlineData("data download dpo --out")]
    [InlineData("tokenizer train pretrain.jsonl --out")]
    [InlineData("data check pretrain.jsonl --fix")]
    [InlineData("data check pretrain.jsonl --json")]
    [InlineData("data split pretrain.jsonl --train")]
    [InlineData("data split pretrain.jsonl --held-out")]
    [InlineData("audit reference --json")]
    [InlineData("eval --model reference/latest --questions questions.jsonl --out")]
    [InlineData("data encode tiny.yaml --out")]
    public async Task A_place_that_cannot_be_written_is_refused_with_the_option_that_names_it(string command)
    {
        var place = Path.Combine(TinyProject.QuestionsFile, "x.jsonl");

        var ended = await Programs.RunAsync(Project.Folder, [.. command.Split(' '), place]);

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains(place, ended.Error, StringComparison.Ordinal);
        Assert.Contains(command.Split(' ')[^1], ended.Error, StringComparison.Ordinal);
        Assert.Single(ended.Error.Trim().Split('\n'));
        Assert.Equal("", ended.Output);
    }

    [Fact]
    public async Task An_empty_question_is_refused()
    {
        var ended = await Programs.RunAsync(Project.Folder, "chat", "--model", Path.Combine(reference.Folder, "latest"), "--prompt", " ");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.StartsWith("error: --prompt: expected a question", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_named_before_anything_is_written()
    {
        var cuda = Directory.EnumerateFiles(Path.GetDirectoryName(Programs.Worker)!, "libtorch_cuda.so", SearchOption.AllDirectories).Any();
        if (!OperatingSystem.IsLinux() || cuda) return;

        var ended = await Project.RunAsync("nowhere", "--device", "cuda");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("cuda", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Project.PathOf("nowhere")));
    }

    [Fact]
    public async Task A_folder_that_is_no_libtorch_is_named_before_anything_is_written()
    {
        if (!OperatingSystem.IsLinux()) return;
        var empty = Project.PathOf("no-libtorch");
        Directory.CreateDirectory(empty);

        await using var program = RunningProgram.Start(
            Project.Folder, ["/usr/bin/env", $"MINIMIND_LIBTORCH={empty}", .. Programs.Command(TinyProject.RunArguments("nowhere", "--device", "cuda"))]);
        var ended = await program.EndAsync();

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.StartsWith($"error: MINIMIND_LIBTORCH: expected libc10.so in {empty}, found none", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Project.PathOf("nowhere")));
    }

    [Fact]
    public async Task A_cache_that_does_not_exist_is_called_so()
    {
        var ended = await Programs.RunAsync(Project.Folder, "data", "cache", "list", "--cache", "nosuch");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.EndsWith(", in nosuch (there is no such folder)", ended.Output.Trim(), StringComparison.Ordinal);
    }
}
