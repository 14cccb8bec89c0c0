using MiniMind.Integration.Tests.Runs;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests;

[Collection(Runs.Runs.Name)]
public sealed class AuditTests(ReferenceRun reference)
{
    private TinyProject Project => reference.Project;

    [Fact]
    public Task A_run_is_sound() => Project.AssertSoundAsync("reference");

    [Theory]
    [InlineData("ledger.jsonl")]
    [InlineData("checkpoints/sft-46/optimizer.safetensors")]
    public async Task A_changed_byte_is_found_and_named(string file)
    {
        var path = Path.Combine(reference.Folder, file);
        var content = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, [.. content[..^9], (byte)(content[^9] ^ 1), .. content[^8..]]);

        var ended = await Programs.RunAsync(Project.Folder, "audit", "reference", "--json", "audit.json");

        await File.WriteAllBytesAsync(path, content);
        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.Contains(file, ended.Output, StringComparison.Ordinal);
        Assert.Contains("reference is not sound", ended.Output, StringComparison.Ordinal);
        Assert.Contains("\"sound\": false", await File.ReadAllTextAsync(Project.PathOf("audit.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_a_run_is_wrong_input()
    {
        var ended = await Programs.RunAsync(Project.Folder, "audit", "nowhere");

        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains("error: nowhere: expected the folder of a run", ended.Error, StringComparison.Ordinal);
    }
}
