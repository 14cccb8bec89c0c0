namespace MiniMind.Chaos.Fleets;

public sealed class RunWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("minimind-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Steps_are_seen_when_their_lines_are_whole()
    {
        Append("ledger.jsonl", Step(1) + "\n");
        using var watch = new RunWatch(_folder, TimeProvider.System);
        Assert.Equal(1, watch.Newest!.Step);
        var third = watch.UntilAsync(seen => seen.Newest!.Step == 3, default);

        Append("ledger.jsonl", Step(2)[..20]);
        Append("ledger.jsonl", Step(2)[20..] + "\n" + Step(3) + "\n");

        await third.WaitAsync(Patience, TimeProvider.System);
        Assert.Equal([1L, 2, 3], watch.Steps.Select(step => step.Step));
    }

    [Fact]
    public async Task Members_are_those_of_the_newest_generation()
    {
        using var watch = new RunWatch(_folder, TimeProvider.System);
        var formed = watch.UntilAsync(seen => seen.Members.Count == 2, default);

        Append("membership.jsonl", Event("generation", 1, "a/1") + Event("gone", 0, "a") + Event("generation", 2, "b/1\",\"c/4"));

        await formed.WaitAsync(Patience, TimeProvider.System);
        Assert.Equal(["b", "c"], watch.Members);
        Assert.Equal(2, watch.Generation);
    }

    [Fact]
    public async Task A_checkpoint_begins_when_a_file_of_it_comes_in()
    {
        var incoming = Directory.CreateDirectory(Path.Combine(_folder, "artifacts", "incoming")).FullName;
        using var watch = new RunWatch(_folder, TimeProvider.System);
        var begun = watch.CheckpointBegunAsync(default);
        File.WriteAllText(Path.Combine(_folder, "artifacts", "complete"), "");
        Assert.False(begun.IsCompleted);

        File.WriteAllText(Path.Combine(incoming, "part"), "");

        await begun.WaitAsync(Patience, TimeProvider.System);
    }

    private void Append(string file, string text) => File.AppendAllText(Path.Combine(_folder, file), text);

    private static string Step(long step) => $$"""{"stage_index": 1, "step": "{{step}}"}""";

    private static string Event(string what, long generation, string workers) =>
        $$"""{"what":"{{what}}","generation":{{generation}},"workers":["{{workers}}"],"reason":""}""" + "\n";
}
