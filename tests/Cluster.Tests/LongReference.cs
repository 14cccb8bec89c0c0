using MiniMind.TestKit;

namespace MiniMind.Cluster.Tests;

/// <summary>An undisturbed run of one coordinator and one worker, long enough that others can join it.</summary>
public sealed class LongReference : IAsyncLifetime
{
    /// <summary>What makes it long.</summary>
    internal static readonly string[] Settings = ["--set", "pretrain.epochs=12", "--set", "model.hidden_size=64", "--set", "model.layers=3"];

    internal TinyProject Project { get; } = new();

    internal RunResult Result { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        const string Folder = "reference";
        var ended = await Project.RunAsync(Folder, ["--workers", "1", .. Settings]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Result = RunResult.Read(Project.PathOf(Folder));
    }

    public Task DisposeAsync()
    {
        Project.Dispose();
        return Task.CompletedTask;
    }
}

/// <summary>All tests share the reference, and take turns: each uses all cores.</summary>
[CollectionDefinition(Name)]
public sealed class LongRuns : ICollectionFixture<LongReference>
{
    public const string Name = "long runs";
}
