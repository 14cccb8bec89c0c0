using MiniMind.Coordinator.CommandLine;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Tests.Screen;
using Spectre.Console;

namespace MiniMind.Coordinator.Tests.Ingestion;

public sealed class CacheFoldersTests : IDisposable
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private readonly IngestionFixture _fixture = new();
    private readonly ManualTime _time = new();
    private readonly StringWriter _output = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _output.Dispose();
    }

    private CacheCommands Commands
    {
        get
        {
            var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
            console.Profile.Width = 400;
            return new CacheCommands(console, _time);
        }
    }

    private DatasetRequest Request(string word) => _fixture.Request(_fixture.WriteTexts($"{word}.jsonl", Enumerable.Range(0, 200).Select(number => $"{word} {number}")));

    /// <summary>Encodes, and makes it look as if that had been so many days after the start.</summary>
    private async Task<IngestedDataset> AddAsync(string word, int day)
    {
        var dataset = await IngestionFixture.Ingest(Request(word));
        Directory.SetLastWriteTimeUtc(dataset.Folder, Start.AddDays(day).UtcDateTime);
        return dataset;
    }

    [Fact]
    public async Task List_shows_what_there_is_least_recently_used_first()
    {
        var young = await AddAsync("dog", day: 3);
        var old = await AddAsync("fox", day: 1);
        var entries = CacheFolders.List(_fixture.Cache);
        Assert.Equal([old.Key, young.Key], entries.Select(entry => entry.Key));
        Assert.All(entries, entry => Assert.True(entry.Complete));
        Assert.Equal(old.Training.Totals.Tokens, entries[0].Tokens);
        Assert.Equal(Directory.GetFiles(old.Folder).Sum(path => new FileInfo(path).Length), entries[0].Bytes);
        Assert.Equal(0, Commands.List(_fixture.Cache));
        Assert.Matches($@"{old.Key[..12]} .*pretrain .*32 .*1970-01-02 .*fox\.jsonl", _output.ToString());
        Assert.Contains("2 entries", _output.ToString());
    }

    [Fact]
    public void List_of_no_cache_is_empty()
    {
        Assert.Equal(0, Commands.List(_fixture.Cache));
        Assert.Contains("0 entries", _output.ToString());
    }

    [Fact]
    public async Task Prune_by_age_leaves_what_was_used_since_and_use_counts()
    {
        var old = await AddAsync("fox", day: 1);
        var used = await AddAsync("dog", day: 1);
        _time.Advance(TimeSpan.FromDays(20));
        await new DatasetIngestion(_time).IngestAsync(Request("dog"), null, default);
        _time.Advance(TimeSpan.FromDays(20));
        var options = new PruneOptions(_fixture.Cache, TimeSpan.FromDays(30), null, All: false, DryRun: true);

        Commands.Prune(options);
        Assert.True(Directory.Exists(old.Folder));
        Assert.Contains("would be removed: 1 entry", _output.ToString());

        Commands.Prune(options with { DryRun = false });
        Assert.Equal((false, true), (Directory.Exists(old.Folder), Directory.Exists(used.Folder)));
        Assert.False((await IngestionFixture.Ingest(Request("fox"))).FromCache);
    }

    [Fact]
    public async Task Prune_by_size_removes_the_least_recently_used_until_the_rest_fits()
    {
        IngestedDataset[] added = [await AddAsync("dog", day: 3), await AddAsync("fox", day: 1), await AddAsync("the", day: 2)];
        long newest = CacheFolders.List(_fixture.Cache)[^1].Bytes;
        Commands.Prune(new PruneOptions(_fixture.Cache, null, newest, All: false, DryRun: false));
        Assert.Equal([added[0].Folder], _fixture.Cached);
    }

    [Fact]
    public async Task What_was_used_after_it_was_listed_is_left_alone()
    {
        var dataset = await AddAsync("dog", day: 0);
        var entry = Assert.Single(CacheFolders.List(_fixture.Cache));
        CacheFolders.Touch(dataset.Folder, _time);
        _time.Advance(TimeSpan.FromDays(1));
        CacheFolders.Touch(dataset.Folder, _time);

        Assert.Equal(Removal.InUse, CacheFolders.Remove(_fixture.Cache, entry));
        Assert.Equal(Removal.Done, CacheFolders.Remove(_fixture.Cache, Assert.Single(CacheFolders.List(_fixture.Cache))));
        Assert.Empty(_fixture.Cached);
    }

    [Fact]
    public async Task Prune_ends_what_another_one_that_was_killed_had_begun_to_remove()
    {
        await AddAsync("dog", day: 0);
        string half = Path.Combine(_fixture.Cache, ".removed-0123");
        Directory.CreateDirectory(half);
        File.WriteAllText(Path.Combine(half, "train-00000.shard"), "");
        Assert.Single(CacheFolders.List(_fixture.Cache));

        Commands.Prune(new PruneOptions(_fixture.Cache, TimeSpan.FromDays(1000), null, All: false, DryRun: false));

        Assert.False(Directory.Exists(half));
        Assert.Single(_fixture.Cached);
    }

    [Fact]
    public async Task What_another_process_removed_first_is_gone()
    {
        await AddAsync("dog", day: 0);
        var entry = Assert.Single(CacheFolders.List(_fixture.Cache));

        Assert.True(CacheFolders.Remove(entry.Folder));
        Assert.False(CacheFolders.Remove(entry.Folder));

        Assert.Equal(Removal.Gone, CacheFolders.Remove(_fixture.Cache, entry));
        Assert.Empty(_fixture.Cached);
    }

    /// <summary>It has its key's name by now; its bytes are not free.</summary>
    [Fact]
    public void An_unfinished_entry_that_was_completed_since_it_was_listed_is_gone()
    {
        string key = new('a', 64);
        string partial = Path.Combine(_fixture.Cache, CacheFolders.Partial + key);
        Directory.CreateDirectory(partial);
        File.WriteAllText(Path.Combine(partial, "train-00000.shard"), "0123456789");
        var entry = Assert.Single(CacheFolders.List(_fixture.Cache));
        Directory.Move(partial, Path.Combine(_fixture.Cache, key));

        Assert.Equal(Removal.Gone, CacheFolders.Remove(_fixture.Cache, entry));
        Assert.True(Directory.Exists(Path.Combine(_fixture.Cache, key)));
    }

    [Fact]
    public async Task Data_that_is_complete_is_not_lost_for_a_journal_that_cannot_be_deleted()
    {
        var known = await AddAsync("dog", day: 0);
        var dataset = await new DatasetCache(_fixture.Cache, _time).AddAsync(
            new string('b', 64), new CacheEntryAbout("text", [], "", 8), folder =>
            {
                // A folder is no file that could be deleted as one.
                Directory.CreateDirectory(Path.Combine(folder, "journal.json"));
                return Task.FromResult((known.Training, known.Validation, known.Lines));
            }, () => { }, default);
        Assert.True(Directory.Exists(dataset.Folder));
    }

    [Fact]
    public void A_lock_that_cannot_be_made_is_a_fault_rather_than_somebody_elses()
    {
        Assert.Throws<DirectoryNotFoundException>(() => CacheFolders.TryLock(_fixture.Cache, "key"));
        Directory.CreateDirectory(_fixture.Cache);
        // No missing folder, and nobody holds it.
        Assert.Throws<PathTooLongException>(() => CacheFolders.TryLock(_fixture.Cache, new string('k', 300)));
    }

    [Fact]
    public async Task Prune_all_takes_what_was_interrupted_too_but_not_what_is_being_encoded()
    {
        await AddAsync("dog", day: 0);
        string key = new('a', 64);
        Directory.CreateDirectory(Path.Combine(_fixture.Cache, ".partial-" + key));
        using (var busy = CacheFolders.TryLock(_fixture.Cache, key))
        {
            Assert.NotNull(busy);
            Commands.Prune(new PruneOptions(_fixture.Cache, null, null, All: true, DryRun: false));
            Assert.Contains("a process is using it", _output.ToString());
            Assert.Equal([Path.Combine(_fixture.Cache, ".partial-" + key)], _fixture.Cached);
        }

        Commands.Prune(new PruneOptions(_fixture.Cache, null, null, All: true, DryRun: false));
        Assert.Empty(_fixture.Cached);
    }
}
