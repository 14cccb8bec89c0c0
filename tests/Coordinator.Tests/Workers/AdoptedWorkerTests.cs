using System.Diagnostics;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Coordinator.Workers;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Tests.Workers;

/// <summary>Real processes that are nobody's children here: a shell starts them and ends.</summary>
public sealed class AdoptedWorkerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<int> _started = [];

    public void Dispose()
    {
        foreach (var id in _started)
        {
            try
            {
                Process.GetProcessById(id).Kill();
            }
            catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
            {
                // As it should be.
            }
        }
        _folder.Dispose();
    }

    [Fact]
    public async Task Workers_that_outlived_who_started_them_are_found_and_watched()
    {
        var (one, two) = (Worker("one"), Worker("two"));
        var roster = Roster();
        roster.Add("one", one);
        roster.Add("two", two);

        var alive = Roster().FindAlive();
        Assert.Equal([("one", one), ("two", two)], alive.Select(worker => (worker.Key, worker.Value.Id)));
        var adopted = new AdoptedWorker("one", alive["one"], _folder.Write("logs/one.log", "first\nlast\n"));
        alive["two"].Dispose();
        Assert.False(adopted.Exit.IsCompleted);
        adopted.Kill();
        var exit = await adopted.Exit;

        Assert.Equal(("one", null), (exit.Name, exit.ExitCode));
        Assert.Equal(["first", "last"], exit.LastLines);
        var left = Assert.Single(Roster().FindAlive());
        Assert.Equal("two", left.Key);
        left.Value.Dispose();
    }

    [Fact]
    public async Task A_worker_that_ends_in_order_is_known_by_its_last_words()
    {
        var id = Orphan("sleep 600");
        var log = _folder.Write("w.log", ExitNote.Of(id, 0) + "\n");

        var adopted = new AdoptedWorker("w", Process.GetProcessById(id), log);
        adopted.Kill();

        Assert.Equal(0, (await adopted.Exit).ExitCode);
    }

    [Fact]
    public void Another_process_with_the_same_id_is_not_adopted()
    {
        var path = _folder["workers.json"];
        Roster().Add("one", Worker("one"));
        var text = File.ReadAllText(path);
        var year = TimeProvider.System.GetUtcNow().Year;
        File.WriteAllText(path, text.Replace($"{year}-", $"{year - 1}-", StringComparison.Ordinal));

        Assert.NotEqual(text, File.ReadAllText(path));
        Assert.Empty(Roster().FindAlive());
    }

    /// <summary>They work for the folder that was copied, and are neither to be taken over nor ended by a run in the copy.</summary>
    [Fact]
    public void Workers_of_a_folder_are_not_those_of_a_copy_of_it()
    {
        Roster().Add("one", Worker("one"));
        File.Copy(_folder["workers.json"], _folder["copy.json"]);

        Assert.Empty(new WorkerRoster(_folder["copy.json"], name => _folder[$"copy/{name}.log"]).FindAlive());
        Assert.Single(Roster().FindAlive()).Value.Dispose();
    }

    [Fact]
    public void A_process_that_was_not_started_for_the_folder_is_nobody_s_worker()
    {
        Roster().Add("one", Orphan("sleep 600"));

        Assert.Empty(Roster().FindAlive());
    }

    [Fact]
    public void A_roster_that_is_missing_or_damaged_has_nobody()
    {
        Assert.Empty(new WorkerRoster(_folder["none.json"], name => name).FindAlive());
        Assert.Empty(new WorkerRoster(_folder.Write("damaged.json", "{\"one\": "), name => name).FindAlive());
    }

    private WorkerRoster Roster() => new(_folder["workers.json"], name => _folder[$"logs/{name}.log"]);

    /// <summary>A process that has its log's path among its arguments, as a worker has.</summary>
    private int Worker(string name) => Orphan($"tail -f '{_folder.Write($"logs/{name}.log", "")}'");

    private int Orphan(string command)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"{command} >/dev/null 2>&1 & echo $!"]) { RedirectStandardOutput = true };
        using var shell = Process.Start(start)!;
        var id = int.Parse(shell.StandardOutput.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture);
        shell.WaitForExit();
        _started.Add(id);
        return id;
    }
}
