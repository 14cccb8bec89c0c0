using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

[Collection(Runs.Runs.Name)]
public sealed class WorkerCountTests(ReferenceRun reference)
{
    [Theory]
    [InlineData("2")]
    [InlineData("3")]
    [InlineData("4")]
    public async Task Run_with_more_workers_ends_with_the_same_bytes(string workers)
    {
        var folder = $"workers-{workers}";

        var ended = await reference.Project.RunAsync(folder, "--workers", workers);

        Assert.True(ended.ExitCode == 0, ended.ToString());
        reference.Result.AssertSame(RunResult.Read(reference.Project.PathOf(folder)));
    }
}
