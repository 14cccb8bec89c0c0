using MiniMind.TestKit;

namespace MiniMind.Integration.Tests.Runs;

/// <summary>What must hold of runs.</summary>
internal static class Assertions
{
    /// <summary>Asserts that another run ended with the same bytes.</summary>
    public static void AssertSame(this RunResult expected, RunResult other) => Assert.Empty(expected.DifferencesTo(other));

    /// <summary>Asserts that "minimind audit OUT" finds nothing wrong.</summary>
    public static async Task AssertSoundAsync(this TinyProject project, string outFolder)
    {
        var ended = await Programs.RunAsync(project.Folder, "audit", outFolder);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains($"{outFolder} is sound.", ended.Output, StringComparison.Ordinal);
    }

    /// <summary>Asserts the same of a run that was stopped, and that it is called unfinished.</summary>
    public static async Task AssertSoundSoFarAsync(this TinyProject project, string outFolder)
    {
        var ended = await Programs.RunAsync(project.Folder, "audit", outFolder);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches($@"{outFolder} is unfinished \(.*(pretrain|sft) after \d+ of \d+ steps.*\); what there is of it is sound\.", ended.Output);
    }
}
