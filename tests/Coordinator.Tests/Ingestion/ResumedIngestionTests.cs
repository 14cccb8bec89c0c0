using MiniMind.Coordinator.Ingestion;
using MiniMind.Text;

namespace MiniMind.Coordinator.Tests.Ingestion;

/// <summary>Encoding that was interrupted is gone on with, to the same bytes as without the interruption.</summary>
public sealed class ResumedIngestionTests : IDisposable
{
    private readonly IngestionFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static Dictionary<string, byte[]> Files(string folder) =>
        Directory.GetFiles(folder).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private DatasetRequest Request(string name, Func<string, string>? pack = null)
    {
        string path = _fixture.WriteTexts(name, Enumerable.Range(0, 2000).Select(number => $"dog {number}"));
        string other = _fixture.WriteTexts("other.jsonl", Enumerable.Range(0, 400).Select(number => $"fox {number}"));
        return _fixture.Request(pack?.Invoke(path) ?? path, other) with { ChunkBytes = 5000, ValidationFraction = 0.1 };
    }

    /// <summary>Goes on until the encoding of so many lines has been told, then gives up.</summary>
    private static async Task InterruptAsync(DatasetRequest request, long lines)
    {
        using var stop = new CancellationTokenSource();
        var progress = new Watcher(report =>
        {
            if (report.Phase == IngestionPhase.Encoding && report.Documents >= lines) stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => IngestionFixture.Ingest(request, progress, stop.Token));
    }

    [Theory]
    [InlineData("a.jsonl", null)]
    [InlineData("a.jsonl", ".gz")]
    [InlineData("a.jsonl", ".zst")]
    public async Task Ingest_interrupted_several_times_ends_with_the_same_bytes(string name, string? packing)
    {
        var request = Request(name, packing is null ? null : path => IngestionFixture.Compress(path, packing));
        request = request with { Sources = [request.Sources[0] with { Weight = 1.5 }, request.Sources[1] with { Weight = 2 }] };
        var whole = await IngestionFixture.Ingest(request with { CacheFolder = _fixture.Cache + "-whole" });
        Assert.True(whole.Training.Shards.Count > 5);
        foreach (long lines in (long[])[300, 1500, 2300, 2500]) await InterruptAsync(request, lines);

        var seen = new Watcher(_ => { });
        var resumed = await IngestionFixture.Ingest(request, seen);

        // It has not begun anew.
        Assert.True(seen.Reports.Where(report => report.Phase == IngestionPhase.Encoding).Max(report => report.Documents) >= 2400);
        Assert.True(seen.Reports.First(report => report is { Phase: IngestionPhase.Encoding, BytesDone: > 0 }).Documents >= 2000);
        Assert.Equal(Files(whole.Folder), Files(resumed.Folder));
    }

    [Fact]
    public async Task What_an_unfinished_chunk_left_is_removed()
    {
        var request = Request("a.jsonl");
        await InterruptAsync(request, 600);
        string partial = Assert.Single(_fixture.Cached);
        File.WriteAllText(Path.Combine(partial, "train-00099.shard"), "half of it");
        File.WriteAllText(Path.Combine(partial, "journal.json.0123.tmp"), "half of it");
        var dataset = await IngestionFixture.Ingest(request);
        Assert.Equal(
            dataset.Training.Shards.Concat(dataset.Validation!.Shards).Select(shard => shard.File).Concat(["about.json", "lines.json", "train.json", "valid.json"]).Order(),
            Directory.GetFiles(dataset.Folder).Select(path => Path.GetFileName(path)).Order());
    }

    [Theory]
    [InlineData("{\"Pass\":")]
    [InlineData("")]
    public async Task A_journal_that_cannot_be_read_counts_as_none(string content)
    {
        var request = Request("a.jsonl");
        await InterruptAsync(request, 600);
        string journal = Path.Combine(Assert.Single(_fixture.Cached), "journal.json");
        Assert.True(File.Exists(journal));
        File.WriteAllText(journal, content);
        Assert.Equal(2400, (await IngestionFixture.Ingest(request)).Lines.Read);
    }

    [Fact]
    public async Task A_shard_that_was_cut_off_counts_as_none()
    {
        var request = Request("a.jsonl");
        await InterruptAsync(request, 600);
        string shard = Path.Combine(Assert.Single(_fixture.Cached), "train-00000.shard");
        using (var file = new FileStream(shard, FileMode.Open)) file.SetLength(file.Length - 1);
        var whole = await IngestionFixture.Ingest(request with { CacheFolder = _fixture.Cache + "-whole" });
        Assert.Equal(Files(whole.Folder), Files((await IngestionFixture.Ingest(request)).Folder));
    }

    /// <summary>What a process leaves that dies between the last two steps.</summary>
    [Fact]
    public async Task A_journal_in_a_complete_folder_does_no_harm()
    {
        var request = Request("a.jsonl");
        var dataset = await IngestionFixture.Ingest(request);
        File.WriteAllText(Path.Combine(dataset.Folder, "journal.json"), "{}");
        Assert.True((await IngestionFixture.Ingest(request)).FromCache);
    }

    [Fact]
    public async Task A_disk_that_fails_leaves_what_was_encoded_to_go_on_with()
    {
        var request = Request("a.jsonl");
        var whole = await IngestionFixture.Ingest(request with { CacheFolder = _fixture.Cache + "-whole" });
        var failing = new Watcher(report =>
        {
            if (report.Phase == IngestionPhase.Encoding && report.Documents >= 1500) throw new IOException("the disk fails");
        });
        await Assert.ThrowsAsync<IOException>(() => IngestionFixture.Ingest(request, failing));
        Assert.True(File.Exists(Path.Combine(Assert.Single(_fixture.Cached), "journal.json")));

        var seen = new Watcher(_ => { });
        var resumed = await IngestionFixture.Ingest(request, seen);

        Assert.True(seen.Reports.First(report => report is { Phase: IngestionPhase.Encoding, BytesDone: > 0 }).Documents >= 1000);
        Assert.Equal(Files(whole.Folder), Files(resumed.Folder));
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_read_is_named_and_nothing_is_published()
    {
        var request = Request("a.jsonl");
        var changing = new Watcher(report =>
        {
            if (report.Phase == IngestionPhase.Encoding && report.Documents == 0) File.AppendAllText(request.Sources[0].Path, "\n{\"text\": \"more\"}");
        });

        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(request, changing));

        Assert.StartsWith($"{request.Sources[0].Path}: the file changed while it was read", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Cached);
        Assert.Equal(2401, (await IngestionFixture.Ingest(request)).Lines.Read);
    }

    /// <summary>Who stops it and puts the former file back must not go on with what was read of the changed one.</summary>
    [Fact]
    public async Task Nothing_is_kept_to_go_on_with_of_a_file_that_changed()
    {
        var request = Request("a.jsonl");
        using var stop = new CancellationTokenSource();
        var changing = new Watcher(report =>
        {
            if (report.Phase != IngestionPhase.Encoding) return;
            if (report.Documents >= 300) File.SetLastWriteTimeUtc(request.Sources[0].Path, DateTime.UnixEpoch);
            if (report.Documents >= 2400) stop.Cancel();
        });

        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(request, changing, stop.Token));

        Assert.StartsWith(request.Sources[0].Path, fault.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Cached);
    }

    /// <summary>The same content may be called otherwise when it is taken from the cache, and when its encoding goes on.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bad_lines_are_quoted_by_the_names_of_now(bool cached)
    {
        string[] good = [.. Enumerable.Range(0, 2000).Select(number => $"{{\"text\": \"dog {number}\"}}")];
        var former = Bad("a.jsonl", "b.jsonl", "c.jsonl");
        if (cached) await IngestionFixture.Ingest(former);
        else await InterruptAsync(former, 3000);

        var now = Bad("d.jsonl", "e.jsonl", "f.jsonl");
        var dataset = await IngestionFixture.Ingest(now);

        Assert.Equal(cached, dataset.FromCache);
        Assert.Collection(
            dataset.Lines.Bad.Quote(now.Files),
            line => Assert.StartsWith($"{now.Sources[0].Path}:1: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith($"{now.Sources[1].Path}:2: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith($"{now.ValidationFiles[0]}:2: ", line, StringComparison.Ordinal));

        DatasetRequest Bad(string first, string second, string held) =>
            _fixture.Request(_fixture.Write(first, ["{", .. good]), _fixture.Write(second, [good[0], "[]", .. good])) with
            {
                BadLines = BadLines.Skip,
                ChunkBytes = 5000,
                ValidationFiles = [_fixture.Write(held, good[1], "{")],
            };
    }

    [Fact]
    public async Task Two_processes_with_the_same_data_encode_it_once()
    {
        var request = Request("a.jsonl");
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new ManualResetEventSlim();
        var first = Task.Run(() => IngestionFixture.Ingest(request, new Watcher(report =>
        {
            if (report.Phase != IngestionPhase.Encoding) return;
            begun.TrySetResult();
            goOn.Wait();
        })));
        await begun.Task;
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var second = Task.Run(() => IngestionFixture.Ingest(request, new Watcher(report =>
        {
            if (report.Phase == IngestionPhase.Waiting) waiting.TrySetResult();
        })));
        await waiting.Task;
        goOn.Set();
        Assert.Equal((false, true), ((await first).FromCache, (await second).FromCache));
    }

    [Fact]
    public async Task Bad_lines_that_may_not_be_skipped_are_all_counted_after_an_interruption()
    {
        string path = _fixture.Write("a.jsonl", [.. Enumerable.Range(0, 3000).Select(number => number % 1000 == 500 ? "{" : $"{{\"text\": \"dog {number}\"}}")]);
        var request = _fixture.Request(path) with { ChunkBytes = 5000 };
        await InterruptAsync(request, 1000);
        Assert.StartsWith("3 bad lines", (await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(request))).Message, StringComparison.Ordinal);
    }

    private sealed class Watcher(Action<IngestionProgress> heard) : IProgress<IngestionProgress>
    {
        public List<IngestionProgress> Reports { get; } = [];

        public void Report(IngestionProgress value)
        {
            Reports.Add(value);
            heard(value);
        }
    }
}
