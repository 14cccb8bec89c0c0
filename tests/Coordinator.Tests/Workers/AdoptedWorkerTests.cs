using System.Diagnostics;
using MiniMind.Coordinator.Tests.Storage;
using MiniMind.Coordinator.Workers;

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
        var (one, two) = (Orphan("sleep 600"), Orphan("sleep 600"));
        var roster = new WorkerRoster(_folder["workers.json"]);
        roster.Add("one", one);
        roster.Add("two", two);

        var alive = new WorkerRoster(_folder["workers.json"]).FindAlive();
        Assert.Equal([("one", one), ("two", two)], alive.Select(worker => (worker.Key, worker.Value.Id)));
        var adopted = new AdoptedWorker("one", alive["one"], _folder.Write("one.log", "first\nlast\n"));
        alive["two"].Dispose();
        Assert.False(adopted.Exit.IsCompleted);
        adopted.Kill();
        var exit = await adopted.Exit;

        Assert.Equal(("one", null), (exit.Name, exit.ExitCode));
        Assert.Equal(["first", "last"], exit.LastLines);
        var left = Assert.Single(new WorkerRoster(_folder["workers.json"]).FindAlive());
        Assert.Equal("two", left.Key);
        left.Value.Dispose();
    }

    [Fact]
    public async Task A_worker_that_ends_in_order_is_known_by_its_last_words()
    {
        var id = Orphan("sleep 600");
        var log = _folder.Write("w.log", AdoptedWorker.LastWords(id, 0) + "\n");

        var adopted = new AdoptedWorker("w", Process.GetProcessById(id), log);
        adopted.Kill();

        Assert.Equal(0, (await adopted.Exit).ExitCode);
    }

    [Fact]
    public void Another_process_with_the_same_id_is_not_adopted()
    {
        var path = _folder["workers.json"];
        new WorkerRoster(path).Add("one", Orphan("sleep 600"));
        var text = File.ReadAllText(path);
        var year = TimeProvider.System.GetUtcNow().Year;
        File.WriteAllText(path, text.Replace($"{year}-", $"{year - 1}-", StringComparison.Ordinal));

        Assert.NotEqual(text, File.ReadAllText(path));
        Assert.Empty(new WorkerRoster(path).FindAlive());
    }

    [Fact]
    public void A_roster_that_is_missing_or_damaged_has_nobody()
    {
        Assert.Empty(new WorkerRoster(_folder["none.json"]).FindAlive());
        Assert.Empty(new WorkerRoster(_folder.Write("damaged.json", "{\"one\": ")).FindAlive());
    }

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
