using Microsoft.Extensions.DependencyInjection;
using MiniMind.Coordinator.Storage;
using Orleans.Storage;

namespace MiniMind.Coordinator.Tests.Storage;

public sealed class FileGrainStorageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FileGrainStorage _storage;
    private readonly GrainId _grain = GrainId.Create("run", "quick/start ü");

    public FileGrainStorageTests() => _storage = new FileGrainStorage(_folder.Path);

    public void Dispose()
    {
        _storage.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task State_that_was_never_written_is_new()
    {
        var state = await ReadAsync();

        Assert.Equal((false, null, 0L), (state.RecordExists, state.ETag, state.State!.Step));
    }

    [Fact]
    public async Task State_that_was_written_is_read_back_by_another_instance()
    {
        var state = await ReadAsync();
        state.State = new RunState { Step = 7, Members = ["a", "b"], Digests = new() { ["a"] = [1, 2] } };
        await _storage.WriteStateAsync("state", _grain, state);

        using var other = new FileGrainStorage(_folder.Path);
        var read = new GrainState<RunState>();
        await other.ReadStateAsync("state", _grain, read);

        Assert.True(read.RecordExists);
        Assert.Equal(state.ETag, read.ETag);
        Assert.Equal((7L, "a,b", 2), (read.State!.Step, string.Join(',', read.State!.Members), read.State!.Digests["a"].Length));
    }

    [Fact]
    public async Task State_names_and_grains_do_not_mix()
    {
        var state = await ReadAsync();
        state.State!.Step = 1;
        await _storage.WriteStateAsync("state", _grain, state);

        var read = new GrainState<RunState>();
        await _storage.ReadStateAsync("other", _grain, read);
        Assert.False(read.RecordExists);
        await _storage.ReadStateAsync("state", GrainId.Create("run", "quick"), read);
        Assert.False(read.RecordExists);
    }

    [Fact]
    public async Task Write_with_a_stale_ETag_is_refused_and_changes_nothing()
    {
        var first = await ReadAsync();
        var second = await ReadAsync();
        first.State!.Step = 1;
        await _storage.WriteStateAsync("state", _grain, first);
        second.State!.Step = 2;

        var fault = await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("state", _grain, second));

        Assert.Equal(first.ETag, fault.StoredEtag);
        Assert.Equal(1, (await ReadAsync()).State!.Step);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync("state", _grain, second));
    }

    [Fact]
    public async Task Write_by_many_at_once_lets_exactly_one_win()
    {
        var states = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => ReadAsync()));

        var won = await Task.WhenAll(states.Select(async state =>
        {
            try
            {
                await _storage.WriteStateAsync("state", _grain, state);
                return true;
            }
            catch (InconsistentStateException)
            {
                return false;
            }
        }));

        Assert.Single(won, true);
    }

    [Fact]
    public async Task Clear_removes_the_state_and_allows_a_new_one()
    {
        var state = await ReadAsync();
        state.State!.Step = 1;
        await _storage.WriteStateAsync("state", _grain, state);
        await _storage.ClearStateAsync("state", _grain, state);

        Assert.Equal((false, null, 0L), (state.RecordExists, state.ETag, state.State!.Step));
        await _storage.WriteStateAsync("state", _grain, state);
        Assert.True((await ReadAsync()).RecordExists);
    }

    [Fact]
    public async Task File_that_is_truncated_is_named_with_what_to_do()
    {
        var state = await ReadAsync();
        await _storage.WriteStateAsync("state", _grain, state);
        string path = _storage.PathOf("state", _grain);
        string whole = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, whole[..(whole.Length / 2)]);

        var fault = await Assert.ThrowsAsync<InvalidDataException>(ReadAsync);

        Assert.StartsWith(path + ": expected the JSON state of a grain, found ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("remove it to start this run's state anew", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task State_of_an_older_version_is_called_that_and_not_damaged()
    {
        var state = await ReadAsync();
        await _storage.WriteStateAsync("state", _grain, state);
        string path = _storage.PathOf("state", _grain);
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace(state.ETag!, "0f8fad5bd9cb469fa16570867728950e", StringComparison.Ordinal));

        var fault = await Assert.ThrowsAsync<InvalidDataException>(ReadAsync);

        Assert.StartsWith($"{path}: the state was written by an older version", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("damaged", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_that_fails_keeps_the_old_state_and_leaves_no_other_file()
    {
        string path = _folder["file"];
        await AtomicFile.WriteAsync(path, stream => stream.WriteAsync("old"u8.ToArray()).AsTask());

        await Assert.ThrowsAsync<IOException>(() => AtomicFile.WriteAsync(path, async stream =>
        {
            await stream.WriteAsync("ne"u8.ToArray());
            throw new IOException("no space left");
        }));

        Assert.Equal("old", await File.ReadAllTextAsync(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Registration_is_found_by_its_name()
    {
        using var services = new ServiceCollection().AddFileGrainStorage("runs", _folder.Path).BuildServiceProvider();

        Assert.IsType<FileGrainStorage>(services.GetRequiredKeyedService<IGrainStorage>("runs"));
    }

    private async Task<GrainState<RunState>> ReadAsync()
    {
        var state = new GrainState<RunState>();
        await _storage.ReadStateAsync("state", _grain, state);
        return state;
    }

    private sealed class RunState
    {
        public long Step { get; set; }
        public List<string> Members { get; set; } = [];
        public Dictionary<string, byte[]> Digests { get; set; } = [];
    }
}
