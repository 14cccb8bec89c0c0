using System.Text.Json;
using MiniMind.Coordinator.Audit;
using MiniMind.Coordinator.Grains;
using MiniMind.Text;

namespace MiniMind.Simulation.PowerCuts;

/// <summary>Crashes within any write, of a process or of the whole machine: afterwards there is a complete earlier or newer state, and the run ends with the same bytes.</summary>
public sealed class PowerCutTests : IDisposable
{
    private const int Offsets = 600;
    private const int MostCrashes = 4;

    private static readonly Lazy<Undisturbed> Whole = new(() => Undisturbed.RunAsync().GetAwaiter().GetResult());

    private readonly string _folder = Directory.CreateTempSubdirectory("minimind-power-").FullName;
    private int _copies;

    private sealed record Undisturbed(IReadOnlyList<int> Operations, SortedDictionary<string, string> Content)
    {
        public static async Task<Undisturbed> RunAsync()
        {
            var disk = new SimulatedDisk();
            await new ScriptedRun(disk).LiveAsync();
            return new Undisturbed([.. disk.Operations], FinalContent(disk));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Power_cut_at_any_operation_leaves_a_complete_state_and_the_run_ends_with_the_same_bytes()
    {
        long start = 0;
        foreach (var (at, size) in Whole.Value.Operations.Index())
        {
            await CrashAsync(seed: at, start, audited: false);
            start += size;
        }
    }

    [Fact]
    public async Task Crashes_at_random_bytes_time_and_again_leave_a_complete_state_and_the_run_ends_with_the_same_bytes()
    {
        var random = new Random(1);
        for (var seed = 0; seed < Offsets; seed++)
        {
            // Most bytes are those of a few large writes: every operation has the same chance.
            var operation = random.Next(Whole.Value.Operations.Count);
            var start = Whole.Value.Operations.Take(operation).Sum(size => (long)size);
            await CrashAsync(seed, start + random.Next(Whole.Value.Operations[operation]), audited: seed % 6 == 0);
        }
    }

    [Fact]
    public async Task Undisturbed_run_is_sound_to_an_audit()
    {
        var disk = new SimulatedDisk();
        await new ScriptedRun(disk).LiveAsync();
        Assert.Empty(await FaultsAsync(disk));
    }

    /// <summary>Crashes at an offset; perhaps again while it recovers; then lets it end.</summary>
    private async Task CrashAsync(int seed, long offset, bool audited)
    {
        var random = new Random(seed);
        var disk = new SimulatedDisk();
        var run = new ScriptedRun(disk);
        disk.StopAfter(offset);
        for (var crashes = 0; crashes < MostCrashes && !await EndsAsync(run); crashes++)
        {
            // Now and then only the process dies: the next one may rely on what was never flushed, and then the power goes.
            if (random.Next(4) == 0) disk.Restart();
            else disk.CutPower(random);
            if (audited)
            {
                var faults = await FaultsAsync(disk);
                Assert.True(faults.All(IsHealedByGoingOn), $"seed {seed}, offset {offset}: {string.Join('\n', faults)}");
            }
            if (crashes < MostCrashes - 1 && random.Next(2) == 0) disk.StopAfter(random.Next(6000));
        }
        Assert.False(disk.Stopped);
        disk.GoOn();
        Assert.True(await EndsAsync(run));
        var (expected, found) = (Whole.Value.Content, FinalContent(disk));
        Assert.True(expected.SequenceEqual(found), $"seed {seed}, offset {offset}: ended with {string.Join("; ", found.Except(expected))} instead of {string.Join("; ", expected.Except(found))}");
        if (!audited) return;
        disk.CutPower(random);
        var last = await FaultsAsync(disk);
        Assert.True(last.Count == 0, $"seed {seed}, offset {offset}: {string.Join('\n', last)}");
    }

    private static async Task<bool> EndsAsync(ScriptedRun run)
    {
        try
        {
            await run.LiveAsync();
            return true;
        }
        catch (DiskStoppedException)
        {
            return false;
        }
    }

    /// <summary>What an audit finds wrong with the files as they are.</summary>
    private async Task<List<string>> FaultsAsync(SimulatedDisk disk)
    {
        var copy = Path.Combine(_folder, $"{_copies++}");
        if (disk.FolderExists(CoordinatorDisk.Folder.Root)) disk.CopyTo(CoordinatorDisk.Folder.Root, copy);
        try
        {
            return [.. (await new RunAudit(new RunFolder(copy)).RunAsync(CancellationToken.None)).SelectMany(part => part.Faults)];
        }
        catch (InputException none) when (none.Message.Contains("found no state of one", StringComparison.Ordinal))
        {
            return [];
        }
        finally
        {
            if (Directory.Exists(copy)) Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>Links and the record of generations follow the state: a crash may fall between, and the audit says so.</summary>
    private static bool IsHealedByGoingOn(string fault) =>
        fault.StartsWith("latest: expected a link", StringComparison.Ordinal) || fault.StartsWith("best: expected a link", StringComparison.Ordinal)
        || fault.Contains("going on with --resume adds it", StringComparison.Ordinal);

    /// <summary>All files, but for who computed them: that differs from life to life.</summary>
    private static SortedDictionary<string, string> FinalContent(SimulatedDisk disk)
    {
        var content = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, bytes) in disk.ContentOf(CoordinatorDisk.Folder.Root))
        {
            if (path == Path.GetFileName(CoordinatorDisk.Folder.Membership)) continue;
            content[path] = path.StartsWith("state/", StringComparison.Ordinal) ? StateOf(bytes) : Convert.ToHexString(bytes);
        }
        return content;
    }

    private static string StateOf(byte[] file)
    {
        using var json = JsonDocument.Parse(file);
        var members = json.RootElement.GetProperty("State").EnumerateObject().Where(member => member.Name is not (nameof(RunRecord.Generation) or nameof(RunRecord.Version)));
        return string.Join('\n', members.Select(member => member.ToString()));
    }
}
