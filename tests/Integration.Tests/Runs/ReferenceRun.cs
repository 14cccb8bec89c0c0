using MiniMind.TestKit;

namespace MiniMind.Integration.Tests.Runs;

/// <summary>One undisturbed run with one worker, which all tests compare with; made once for the suite.</summary>
public sealed class ReferenceRun : IAsyncLifetime
{
    private const string OutFolder = "reference";

    internal TinyProject Project { get; } = new();

    internal RunResult Result { get; private set; } = null!;

    /// <summary>The run's folder.</summary>
    public string Folder => Project.PathOf(OutFolder);

    public async Task InitializeAsync()
    {
        var ended = await Project.RunAsync(OutFolder, "--workers", "1");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Result = RunResult.Read(Folder);
    }

    public Task DisposeAsync()
    {
        Project.Dispose();
        return Task.CompletedTask;
    }
}

/// <summary>All tests of this assembly share the reference run, and take turns: each uses all cores.</summary>
[CollectionDefinition(Name)]
public sealed class Runs : ICollectionFixture<ReferenceRun>
{
    public const string Name = "runs";
}
