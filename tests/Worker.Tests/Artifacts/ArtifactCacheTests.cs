using MiniMind.Protos;
using MiniMind.Worker.Artifacts;

namespace MiniMind.Worker.Tests.Artifacts;

public sealed class ArtifactCacheTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly HurriedTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Added_artifact_has_the_wanted_content_and_is_downloaded_once()
    {
        var cache = NewCache();
        var content = Bytes(1, 5000);

        var path = await AddAsync(cache, content);
        var again = await cache.GetOrAddAsync(TestStore.Refer("again", content), Unexpected, default);

        Assert.Equal(path, again);
        Assert.Equal(content, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Empty_artifact_needs_no_download()
    {
        var path = await NewCache().GetOrAddAsync(TestStore.Refer("empty", []), Unexpected, default);

        Assert.Empty(await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Content_that_does_not_match_is_refused_with_name_expected_and_found()
    {
        var wanted = TestStore.Refer("shard-3", Bytes(1, 100));
        var other = Bytes(2, 100);

        var refusal = await Assert.ThrowsAsync<ArtifactException>(
            () => NewCache().GetOrAddAsync(wanted, (part, stop) => part.WriteAsync(other, stop).AsTask(), default));

        Assert.Contains("shard-3", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(wanted.Sha256, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(TestStore.Refer("", other).Sha256, refusal.Message, StringComparison.Ordinal);
        Assert.Empty(FilesIn(""));
        Assert.Empty(FilesIn("partial"));
    }

    [Fact]
    public async Task Interrupted_download_goes_on_where_it_stopped()
    {
        var cache = NewCache();
        var content = Bytes(3, 1000);
        await Assert.ThrowsAsync<OperationCanceledException>(() => cache.GetOrAddAsync(
            TestStore.Refer("a", content),
            async (part, stop) =>
            {
                await part.WriteAsync(content.AsMemory(0, 400), stop);
                throw new OperationCanceledException();
            },
            default));

        long resumedAt = -1;
        var path = await cache.GetOrAddAsync(
            TestStore.Refer("a", content),
            (part, stop) =>
            {
                resumedAt = part.Position;
                return part.WriteAsync(content.AsMemory(400), stop).AsTask();
            },
            default);

        Assert.Equal(400, resumedAt);
        Assert.Equal(content, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Damaged_partial_download_is_started_again()
    {
        var content = Bytes(4, 1000);
        var cache = NewCache();
        await File.WriteAllBytesAsync(Path.Combine(_folder.File("partial"), TestStore.Refer("", content).Sha256), Bytes(5, 300));

        var path = await cache.GetOrAddAsync(
            TestStore.Refer("a", content), (part, stop) => part.WriteAsync(content.AsMemory((int)part.Position), stop).AsTask(), default);

        Assert.Equal(content, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Cached_file_damaged_before_this_process_started_is_replaced()
    {
        var content = Bytes(6, 1000);
        var path = await AddAsync(NewCache(), content);
        await File.WriteAllBytesAsync(path, Bytes(7, 1000));

        await AddAsync(NewCache(), content);

        Assert.Equal(content, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Two_caches_on_one_folder_download_an_artifact_once()
    {
        var content = Bytes(8, 200_000);
        var downloads = 0;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task Download(Stream part, CancellationToken stop)
        {
            Interlocked.Increment(ref downloads);
            await started.Task;
            await part.WriteAsync(content, stop);
        }

        var fetches = Enumerable.Range(0, 4).Select(i => NewCache().GetOrAddAsync(TestStore.Refer("a", content), Download, default)).ToList();
        started.SetResult();
        var paths = await Task.WhenAll(fetches);

        Assert.Equal(1, downloads);
        Assert.Single(paths.Distinct());
        Assert.Equal(content, await File.ReadAllBytesAsync(paths[0]));
    }

    [Fact]
    public async Task Longest_unused_file_is_evicted_first()
    {
        var cache = NewCache(capacity: 2500);
        var first = await AddAsync(cache, Bytes(10, 1000));
        Later();
        var second = await AddAsync(cache, Bytes(11, 1000));
        Later();
        await cache.GetOrAddAsync(TestStore.Refer("first again", Bytes(10, 1000)), Unexpected, default);
        Later();

        var third = await AddAsync(cache, Bytes(12, 1000));

        Assert.True(File.Exists(first));
        Assert.False(File.Exists(second));
        Assert.True(File.Exists(third));
    }

    [Fact]
    public async Task Files_in_recent_use_are_kept_above_the_capacity()
    {
        var cache = NewCache(capacity: 1500);
        var first = await AddAsync(cache, Bytes(13, 1000));
        var second = await AddAsync(cache, Bytes(14, 1000));

        Assert.True(File.Exists(first));
        Assert.True(File.Exists(second));
    }

    [Fact]
    public async Task Evicted_artifact_is_downloaded_again()
    {
        var cache = NewCache(capacity: 1500);
        var first = await AddAsync(cache, Bytes(15, 1000));
        Later();
        await AddAsync(cache, Bytes(16, 1000));
        Assert.False(File.Exists(first));

        await AddAsync(cache, Bytes(15, 1000));

        Assert.Equal(Bytes(15, 1000), await File.ReadAllBytesAsync(first));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("ABCDEF0000000000000000000000000000000000000000000000000000000000")]
    [InlineData("")]
    public async Task Reference_without_a_proper_hash_is_refused(string hash)
    {
        var refusal = await Assert.ThrowsAsync<ArtifactException>(
            () => NewCache().GetOrAddAsync(new ArtifactRef { Name = "bad", Sha256 = hash }, Unexpected, default));

        Assert.Contains($"\"{hash}\"", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disk_that_takes_no_more_is_reported_with_the_folder_and_keeps_what_was_there()
    {
        var cache = NewCache();
        var kept = await AddAsync(cache, Bytes(17, 100));

        var failure = await Assert.ThrowsAsync<ArtifactException>(() => cache.GetOrAddAsync(
            TestStore.Refer("huge", Bytes(18, 100)), (_, _) => throw new IOException("No space left on device"), default));

        Assert.Contains("huge", failure.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, failure.Message, StringComparison.Ordinal);
        Assert.Contains("No space left on device", failure.Message, StringComparison.Ordinal);
        Assert.Equal(Bytes(17, 100), await File.ReadAllBytesAsync(kept));
    }

    private ArtifactCache NewCache(long capacity = 1 << 20) =>
        new(new ArtifactCacheOptions { Folder = _folder.Path, CapacityBytes = capacity }, _time);

    private static Task<string> AddAsync(ArtifactCache cache, byte[] content) => cache.GetOrAddAsync(
        TestStore.Refer("file", content), (part, stop) => part.WriteAsync(content.AsMemory((int)part.Position), stop).AsTask(), default);

    private void Later() => _time.Now += TimeSpan.FromHours(1);

    private string[] FilesIn(string folder) => Directory.GetFiles(_folder.File(folder));

    private static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static Task Unexpected(Stream part, CancellationToken stop) => throw new InvalidOperationException("Nothing should be downloaded.");
}
