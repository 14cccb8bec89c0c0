using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Tests.Ingestion;

public sealed class DatasetIngestionTests : IDisposable
{
    private readonly IngestionFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static IEnumerable<string> Texts(int count, string word = "dog") => Enumerable.Range(0, count).Select(number => $"{word} {number}");

    private static Dictionary<string, byte[]> Files(string folder) =>
        Directory.GetFiles(folder).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    [Fact]
    public async Task Ingest_every_document_is_in_the_shards_once()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(700)), _fixture.WriteTexts("b.jsonl", Texts(30, "fox")));
        var dataset = await IngestionFixture.Ingest(request);
        Assert.Equal(Texts(700).Concat(Texts(30, "fox")).Order(), _fixture.Texts(dataset, dataset.Training).Order());
        Assert.Equal((730L, 0L, false), (dataset.Training.Totals.Documents, dataset.Lines.Bad.Count, dataset.FromCache));
        Assert.Null(dataset.Validation);
    }

    [Fact]
    public async Task Ingest_number_of_threads_changes_no_byte()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(3000))) with { ValidationFraction = 0.1, ChunkBytes = 10_000 };
        var one = await IngestionFixture.Ingest(request with { Threads = 1 });
        var many = await IngestionFixture.Ingest(request with { Threads = 4, CacheFolder = _fixture.Cache + "2" });
        Assert.Equal(one.Key, many.Key);
        Assert.True(one.Training.Shards.Count > 1);
        Assert.Equal(Files(one.Folder), Files(many.Folder));
    }

    [Fact]
    public async Task Ingest_again_does_no_work_and_gives_the_same()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(50))) with { ValidationFraction = 0.2 };
        var first = await IngestionFixture.Ingest(request);
        var phases = new Phases();
        var second = await IngestionFixture.Ingest(request, phases);
        Assert.True(second.FromCache);
        Assert.Equal((first.Training.ToJson(), first.Validation!.ToJson()), (second.Training.ToJson(), second.Validation!.ToJson()));
        Assert.Equal([IngestionPhase.Hashing], phases.Seen.Distinct());
    }

    [Fact]
    public async Task Key_changes_with_data_and_settings_but_not_with_file_names()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(50)));
        string key = (await IngestionFixture.Ingest(request)).Key;
        Assert.Equal(key, (await IngestionFixture.Ingest(request with { Sources = [new(_fixture.WriteTexts("renamed.jsonl", Texts(50)))] })).Key);
        DatasetRequest[] others =
        [
            request with { Sources = [new(_fixture.WriteTexts("b.jsonl", Texts(51)))] },
            request with { Packing = request.Packing with { SequenceLength = 33 } },
            request with { Packing = request.Packing with { LongDocuments = LongDocuments.Cut } },
            request with { ValidationFraction = 0.5 },
            request with { Sources = [request.Sources[0] with { Weight = 2 }] },
            request with { ChunkBytes = 1000 },
            request with { ValidationFiles = [_fixture.WriteTexts("v.jsonl", Texts(3))] },
            request with { BadLines = BadLines.Skip },
        ];
        var keys = new List<string> { key };
        foreach (var other in others) keys.Add((await IngestionFixture.Ingest(other)).Key);
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }

    [Fact]
    public async Task Ingest_held_out_documents_are_on_one_side_only_even_when_repeated()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(1000).Concat(Texts(1000)))) with { ValidationFraction = 0.2 };
        var dataset = await IngestionFixture.Ingest(request);
        var training = _fixture.Texts(dataset, dataset.Training);
        var validation = _fixture.Texts(dataset, dataset.Validation!);
        Assert.Empty(training.Intersect(validation));
        Assert.Equal(2000, training.Count + validation.Count);
        Assert.InRange(validation.Count, 300, 500);
    }

    [Fact]
    public async Task Ingest_validation_files_are_kept_apart()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(20))) with { ValidationFiles = [_fixture.WriteTexts("v.jsonl", Texts(5, "fox"))] };
        var dataset = await IngestionFixture.Ingest(request);
        Assert.Equal(Texts(20).Order(), _fixture.Texts(dataset, dataset.Training).Order());
        Assert.Equal(Texts(5, "fox").Order(), _fixture.Texts(dataset, dataset.Validation!).Order());
    }

    [Fact]
    public async Task Ingest_bad_lines_fail_with_place_reason_and_count_and_leave_nothing()
    {
        string path = _fixture.Write("a.jsonl", "{\"text\": \"dog\"}", "{\"text\": \"fo", "", "{\"txt\": 1}", "[]", "7", "8", "9", "10");
        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(_fixture.Request(path)));
        Assert.StartsWith("7 bad lines", fault.Message);
        Assert.Contains($"{path}:2: broken JSON at byte ", fault.Message);
        Assert.Contains($"{path}:4: the field \"text\" is missing", fault.Message);
        Assert.Contains("and 2 more", fault.Message);
        Assert.Contains("bad_lines: skip", fault.Message);
        Assert.Empty(_fixture.Cached);
    }

    [Fact]
    public async Task Ingest_a_file_of_another_kind_is_called_that()
    {
        const string Dialogue = "{\"conversations\": [{\"role\": \"user\", \"content\": \"u\"}]}";
        string path = _fixture.Write("a.jsonl", [.. Enumerable.Repeat(Dialogue, 300)]);
        string hint = $"{path} looks like sft data (conversations), not like pretrain data (text): name it in a stage of the kind sft, or name another file.";
        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(_fixture.Request(path)));
        Assert.StartsWith("300 bad lines", fault.Message);
        Assert.EndsWith(hint, fault.Message);
        Assert.DoesNotContain("--fix", fault.Message);
        fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(_fixture.Request(path) with { BadLines = BadLines.Skip }));
        Assert.EndsWith(hint, fault.Message);
        string pairs = _fixture.Write("p.jsonl", "{\"chosen\": [], \"rejected\": []}");
        Assert.EndsWith("there is no dpo stage yet, or name another file.", (await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(_fixture.Request(pairs) with { Kind = "sft" }))).Message);
    }

    [Fact]
    public async Task Ingest_bad_lines_skipped_are_counted_also_from_the_cache()
    {
        string path = _fixture.Write("a.jsonl", "{\"text\": \"dog\"}", "{\"text\": \"\\ud800\"}", "{\"text\"", "{\"text\": \"fox\"}");
        var request = _fixture.Request(path) with { BadLines = BadLines.Skip };
        foreach (bool cached in new[] { false, true })
        {
            var dataset = await IngestionFixture.Ingest(request);
            Assert.Equal((cached, 2L), (dataset.FromCache, dataset.Lines.Bad.Count));
            Assert.StartsWith($"{path}:2: ", dataset.Lines.Bad.Quote([path])[0], StringComparison.Ordinal);
            Assert.Equal(["dog", "fox"], _fixture.Texts(dataset, dataset.Training).Order());
        }
    }

    [Fact]
    public async Task Ingest_empty_file_is_refused_by_name()
    {
        string path = _fixture.Write("empty.jsonl", "");
        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(_fixture.Request(path)));
        Assert.StartsWith($"{path}: the file is empty", fault.Message);
    }

    [Fact]
    public async Task Ingest_nothing_to_train_on_is_refused()
    {
        string path = _fixture.Write("sft.jsonl", "{\"conversations\": [{\"role\": \"user\", \"content\": \"dog\"}]}");
        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(_fixture.Request(path) with { Kind = "sft" }));
        Assert.Contains("1 without a target", fault.Message);
    }

    [Fact]
    public async Task Ingest_wrong_requests_name_every_fault()
    {
        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(_fixture.Request("absent.jsonl") with { ValidationFraction = 1, Threads = 0 }));
        Assert.Contains("absent.jsonl", fault.Message);
        Assert.Contains("validation fraction", fault.Message);
        Assert.Contains("threads", fault.Message);
    }

    [Fact]
    public async Task Ingest_cancelled_shows_nothing_and_goes_on_later()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(5000)));
        using var stop = new CancellationTokenSource();
        var progress = new Phases { OnReport = report => { if (report.Documents > 0) stop.Cancel(); } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => IngestionFixture.Ingest(request, progress, stop.Token));
        Assert.StartsWith(".partial-", Path.GetFileName(Assert.Single(_fixture.Cached)), StringComparison.Ordinal);
        var dataset = await IngestionFixture.Ingest(request);
        Assert.Equal(5000, dataset.Training.Totals.Documents);
        Assert.Equal([dataset.Folder], _fixture.Cached);
    }

    [Fact]
    public async Task Ingest_damaged_cache_is_reported_with_its_folder()
    {
        var request = _fixture.Request(_fixture.WriteTexts("a.jsonl", Texts(5)));
        var dataset = await IngestionFixture.Ingest(request);
        File.WriteAllText(dataset.Paths(dataset.Training)[0], "cut");
        var fault = await Assert.ThrowsAsync<InputException>(() => IngestionFixture.Ingest(request));
        Assert.StartsWith(dataset.Folder, fault.Message);
    }

    [Fact]
    public async Task Progress_ends_with_all_bytes_of_both_phases()
    {
        string path = _fixture.WriteTexts("a.jsonl", Texts(600));
        var phases = new Phases();
        await IngestionFixture.Ingest(_fixture.Request(path), phases);
        long size = new FileInfo(path).Length;
        Assert.Contains(new IngestionProgress(IngestionPhase.Hashing, size, size, 0), phases.Reports);
        Assert.Equal(new IngestionProgress(IngestionPhase.Encoding, size, size, 600), phases.Reports[^1]);
    }

    [Fact]
    public async Task Progress_counts_blank_lines_wherever_they_are()
    {
        string[] lines = ["", "", "{\"text\": \"dog\"}", "   ", "{\"text\": \"fox\"}", "", "", ""];
        string path = _fixture.Write("a.jsonl", lines);
        // Thousands at the end, read long after the last document.
        string other = _fixture.Write("b.jsonl", ["{\"text\": \"dog\"}", .. Enumerable.Repeat(new string(' ', 60), 5000)]);
        var phases = new Phases();
        await IngestionFixture.Ingest(_fixture.Request(path, other), phases);
        long size = new FileInfo(path).Length + new FileInfo(other).Length;
        Assert.Equal(new IngestionProgress(IngestionPhase.Encoding, size, size, 3), phases.Reports[^1]);
    }

    [Fact]
    public void FullDisk_is_recognised_and_explained()
    {
        if (!File.Exists("/dev/full")) return;
        var fault = Assert.Throws<IOException>(() =>
        {
            using var file = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write([1]);
        });
        Assert.True(DiskFull.IsCause(fault));
        Assert.True(DiskFull.IsCause(new DiskFullException("/cache", "nothing half-written was left", "--set cache=DIR", fault)));
        Assert.False(DiskFull.IsCause(new IOException("another")));
    }

    /// <summary>Keeps what was reported, on the thread that reports.</summary>
    private sealed class Phases : IProgress<IngestionProgress>
    {
        public List<IngestionProgress> Reports { get; } = [];

        public IEnumerable<IngestionPhase> Seen => Reports.Select(report => report.Phase);

        public Action<IngestionProgress>? OnReport { get; init; }

        public void Report(IngestionProgress value)
        {
            Reports.Add(value);
            OnReport?.Invoke(value);
        }
    }
}
