using Grpc.Net.Client;
using MiniMind.Protos;
using MiniMind.Worker.Artifacts;

namespace MiniMind.Worker.Tests.Artifacts;

public sealed class ArtifactClientTests : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly HurriedTime _time = new();
    private TestStore _store = null!;
    private GrpcChannel _channel = null!;
    private ArtifactClient _client = null!;

    public async Task InitializeAsync()
    {
        _store = await TestStore.StartAsync();
        _channel = ChannelFactory.ForTransfer(_store.Address);
        _client = NewClient(_time);
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _store.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Fetched_artifact_equals_the_stored_one_and_is_fetched_once()
    {
        var content = Bytes(1, 2_345_678);
        var reference = _store.Add("shard-0", content);

        var path = await _client.FetchAsync(reference, default);
        await _client.FetchAsync(reference, default);

        Assert.Equal(content, await File.ReadAllBytesAsync(path));
        Assert.Equal([0], _store.Offsets);
    }

    [Fact]
    public async Task Broken_download_is_resumed_by_offset()
    {
        var content = Bytes(2, 100_000);
        var reference = _store.Add("shard-0", content);
        _store.BreakAfter = 40_000;

        var path = await _client.FetchAsync(reference, default);

        Assert.Equal(content, await File.ReadAllBytesAsync(path));
        Assert.Equal([0, 40_000, 80_000], _store.Offsets);
    }

    [Fact]
    public async Task Store_that_is_away_for_a_while_is_waited_for_with_growing_pauses()
    {
        var reference = _store.Add("shard-0", Bytes(3, 1000));
        _store.Refusals = 3;

        await _client.FetchAsync(reference, default);

        Assert.Equal([100, 200, 400], _time.Pauses.Select(pause => pause.TotalMilliseconds));
    }

    [Fact]
    public async Task Store_that_stays_away_is_reported_with_the_artifact()
    {
        var reference = _store.Add("shard-0", Bytes(4, 1000));
        _store.Refusals = int.MaxValue;

        var failure = await Assert.ThrowsAsync<ArtifactException>(() => _client.FetchAsync(reference, default));

        Assert.Contains("shard-0", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the store is away", failure.Message, StringComparison.Ordinal);
        Assert.Equal(new RetryOptions().Tries, _store.Offsets.Count);
    }

    [Fact]
    public async Task Missing_artifact_is_reported_at_once()
    {
        var failure = await Assert.ThrowsAsync<ArtifactException>(() => _client.FetchAsync(TestStore.Refer("lost", Bytes(5, 10)), default));

        Assert.Contains("lost", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_time.Pauses);
    }

    [Fact]
    public async Task Damaged_copy_in_the_store_is_refused()
    {
        var reference = _store.Add("shard-0", Bytes(6, 1000));
        _store.Files[reference.Sha256] = Bytes(7, 1000);

        var failure = await Assert.ThrowsAsync<ArtifactException>(() => _client.FetchAsync(reference, default));

        Assert.Contains($"expected sha256 {reference.Sha256}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_that_sends_too_much_is_refused()
    {
        var reference = _store.Add("shard-0", Bytes(8, 1000));
        _store.Files[reference.Sha256] = Bytes(8, 1001);

        var failure = await Assert.ThrowsAsync<ArtifactException>(() => _client.FetchAsync(reference, default));

        Assert.Contains("more than its 1000 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_fetch_stops_while_the_store_is_silent()
    {
        var reference = _store.Add("shard-0", Bytes(9, 1000));
        var silent = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();
        _store.BeforeGet = async () =>
        {
            await cancel.CancelAsync();
            await silent.Task;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.FetchAsync(reference, cancel.Token));
        silent.SetResult();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(3_000_000)]
    public async Task Uploaded_file_is_in_the_store_under_its_hash(int size)
    {
        var content = Bytes(10, size);
        await File.WriteAllBytesAsync(_folder.File("weights"), content);

        var reference = await _client.UploadAsync(_folder.File("weights"), "model.safetensors", default);

        Assert.Equal(TestStore.Refer("model.safetensors", content), reference);
        Assert.Equal(content, _store.Files[reference.Sha256]);
    }

    [Fact]
    public async Task File_that_the_store_has_is_not_sent()
    {
        var content = Bytes(11, 5000);
        _store.Add("earlier", content);
        await File.WriteAllBytesAsync(_folder.File("weights"), content);

        await _client.UploadAsync(_folder.File("weights"), "again", default);

        Assert.Equal(0, _store.Puts);
    }

    [Theory]
    [InlineData(2, 0)] // refused
    [InlineData(0, 2)] // broken off with its connection, in the middle
    public async Task Upload_is_begun_anew_until_the_store_takes_it(int refusals, int broken)
    {
        await File.WriteAllBytesAsync(_folder.File("weights"), Bytes(12, 20_000_000));
        (_store.Refusals, _store.BrokenUploads) = (refusals, broken);

        var reference = await _client.UploadAsync(_folder.File("weights"), "weights", default);

        Assert.Contains(reference.Sha256, _store.Files.Keys);
        Assert.Equal((1 + broken, 2), (_store.Puts, _time.Pauses.Count));
    }

    private ArtifactClient NewClient(TimeProvider time) => new(
        new SingleStore(_channel),
        new ArtifactCache(new ArtifactCacheOptions { Folder = _folder.File("cache") }, TimeProvider.System),
        new RetryOptions(),
        time);

    private static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
