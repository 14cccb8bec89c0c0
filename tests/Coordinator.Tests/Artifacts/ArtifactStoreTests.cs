using System.Security.Cryptography;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.Artifacts;

public sealed class ArtifactStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ArtifactStore _store;
    private readonly byte[] _content = new byte[3_000_001];
    private readonly string _hash;

    public ArtifactStoreTests()
    {
        _store = new ArtifactStore(_folder["store"]);
        new Random(1).NextBytes(_content);
        _hash = Convert.ToHexStringLower(SHA256.HashData(_content));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task File_that_is_added_is_found_under_the_hash_of_its_content()
    {
        await File.WriteAllBytesAsync(_folder["a"], _content);

        Assert.Equal(_hash, await _store.AddFileAsync(_folder["a"]));

        Assert.True(_store.Exists(_hash));
        Assert.Equal(_content.Length, _store.SizeOf(_hash));
        Assert.Equal(_content, await File.ReadAllBytesAsync(_store.PathOf(_hash)));
    }

    [Fact]
    public async Task File_that_changes_after_it_was_added_does_not_change_the_artifact()
    {
        await File.WriteAllBytesAsync(_folder["a"], _content);
        await _store.AddFileAsync(_folder["a"]);
        await File.WriteAllTextAsync(_folder["a"], "other");

        Assert.Equal(_content, await File.ReadAllBytesAsync(_store.PathOf(_hash)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2_000_000)]
    [InlineData(3_000_001)]
    public async Task Reading_starts_at_the_offset(int offset)
    {
        await _store.PutAsync(new MemoryStream(_content), _hash, _content.Length);
        await using var stream = _store.OpenRead(_hash, offset);
        using var read = new MemoryStream();
        await stream.CopyToAsync(read);

        Assert.Equal(_content[offset..], read.ToArray());
    }

    [Fact]
    public async Task Reading_what_is_not_there_says_so()
    {
        Assert.Contains(_hash, Assert.Throws<FileNotFoundException>(() => _store.OpenRead(_hash)).Message, StringComparison.Ordinal);
        Assert.Null(_store.SizeOf(_hash));
        await _store.PutAsync(new MemoryStream(_content), _hash, _content.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => _store.OpenRead(_hash, _content.Length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _store.OpenRead(_hash, -1));
    }

    [Fact]
    public async Task Content_that_does_not_match_is_not_stored()
    {
        byte[] changed = [.. _content];
        changed[5]++;
        var hash = await Assert.ThrowsAsync<InvalidDataException>(() => _store.PutAsync(new MemoryStream(changed), _hash, _content.Length));
        var cut = await Assert.ThrowsAsync<InvalidDataException>(() => _store.PutAsync(new MemoryStream(_content[..9]), _hash, _content.Length));
        var longer = await Assert.ThrowsAsync<InvalidDataException>(() => _store.PutAsync(new MemoryStream(_content), _hash, 9));

        Assert.Contains("expected content of this hash, found", hash.Message, StringComparison.Ordinal);
        Assert.Contains("expected 3000001 bytes, found 9", cut.Message, StringComparison.Ordinal);
        Assert.Contains("expected 9 bytes, found more", longer.Message, StringComparison.Ordinal);
        Assert.False(_store.Exists(_hash));
        Assert.Empty(Directory.GetFiles(_folder["store"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Artifact_written_by_many_at_once_is_there_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _store.PutAsync(new MemoryStream(_content), _hash, _content.Length)));

        Assert.Equal([_store.PathOf(_hash)], Directory.GetFiles(_folder["store"], "*", SearchOption.AllDirectories));
        Assert.Equal(_content, await File.ReadAllBytesAsync(_store.PathOf(_hash)));
    }

    [Fact]
    public async Task Empty_file_is_an_artifact_too()
    {
        string hash = await _store.AddFileAsync(_folder.Write("empty", ""));

        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hash);
        Assert.Equal(0, _store.SizeOf(hash));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    public void Name_that_is_no_hash_is_refused(string name) => Assert.Throws<ArgumentException>(() => _store.PathOf(name));
}
