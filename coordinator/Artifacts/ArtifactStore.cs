using System.Buffers;
using System.Security.Cryptography;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Artifacts;

/// <summary>
/// A folder of immutable files named by the SHA-256 of their content (64 lower-case hexadecimal digits). A file appears under its name
/// only when it is complete, verified and on the disk; two writers of the same artifact both succeed. Safe for concurrent use.
/// </summary>
public sealed class ArtifactStore(string root, IDisk? disk = null)
{
    private const int BufferBytes = 1 << 20;

    private readonly IDisk _disk = disk ?? SystemDisk.Instance;

    /// <summary>Stores a copy of a file and returns its hash. The copy is hashed while it is made, so a file that changes meanwhile does no harm.</summary>
    public async Task<string> AddFileAsync(string path, CancellationToken cancel = default)
    {
        await using var source = File.OpenRead(path);
        string temporary = NewTemporary();
        try
        {
            var (sha256, _) = await CopyAsync(source, temporary, long.MaxValue, cancel);
            Publish(temporary, sha256);
            return sha256;
        }
        finally
        {
            _disk.Delete(temporary);
        }
    }

    /// <summary>
    /// Stores what <paramref name="content"/> still holds. An artifact that is already there is not written again, but the content is read
    /// to its end and checked all the same.
    /// </summary>
    /// <exception cref="InvalidDataException">Content, hash and size do not agree; nothing is stored.</exception>
    public async Task PutAsync(Stream content, string sha256, long size, CancellationToken cancel = default)
    {
        RequireHash(sha256);
        string temporary = NewTemporary();
        try
        {
            var (found, bytes) = await CopyAsync(content, temporary, size, cancel);
            if (bytes != size) throw new InvalidDataException($"artifact {sha256}: expected {size} bytes, found {(bytes > size ? "more" : bytes.ToString(null, null))}; send it again");
            if (found != sha256) throw new InvalidDataException($"artifact {sha256}: expected content of this hash, found {found}; send it again");
            Publish(temporary, sha256);
        }
        finally
        {
            _disk.Delete(temporary);
        }
    }

    /// <summary>Opens an artifact for reading from <paramref name="offset"/> bytes on; the caller disposes the stream.</summary>
    /// <exception cref="FileNotFoundException">The store lacks it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The offset lies outside of it.</exception>
    public Stream OpenRead(string sha256, long offset = 0)
    {
        string path = PathOf(sha256);
        if (!_disk.FileExists(path)) throw new FileNotFoundException($"artifact {sha256} is not in the store {root}", path);
        var stream = _disk.OpenRead(path);
        if (offset >= 0 && offset <= stream.Length)
        {
            stream.Position = offset;
            return stream;
        }

        long length = stream.Length;
        stream.Dispose();
        throw new ArgumentOutOfRangeException(nameof(offset), offset, $"artifact {sha256} has {length} bytes");
    }

    /// <summary>Deletes what writers that were killed have left unfinished; for a time when nobody writes.</summary>
    public void RemoveAbandoned()
    {
        if (_disk.FolderExists(Incoming)) _disk.DeleteFolder(Incoming);
    }

    public bool Exists(string sha256) => _disk.FileExists(PathOf(sha256));

    /// <summary>Bytes of an artifact; null when the store lacks it.</summary>
    public long? SizeOf(string sha256) => _disk.SizeOf(PathOf(sha256));

    /// <summary>Deletes an artifact that nobody needs any more; it would not come back after a power cut when this returns. Nothing happens when there is none.</summary>
    public void Delete(string sha256)
    {
        string path = PathOf(sha256);
        if (!_disk.FileExists(path)) return;
        _disk.Delete(path);
        _disk.FlushFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>Where an artifact lies or would lie. The file must not be changed.</summary>
    /// <exception cref="ArgumentException">The name is no SHA-256.</exception>
    public string PathOf(string sha256)
    {
        RequireHash(sha256);
        return Path.Combine(root, sha256[..2], sha256);
    }

    /// <summary>Whether a text is a SHA-256 as this store spells it.</summary>
    public static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private string Incoming => Path.Combine(root, "incoming");

    private static void RequireHash(string sha256)
    {
        if (!IsHash(sha256)) throw new ArgumentException($"expected 64 lower-case hexadecimal digits, found '{sha256}'", nameof(sha256));
    }

    private string NewTemporary()
    {
        _disk.MakeFolder(Incoming);
        return Path.Combine(Incoming, Guid.NewGuid().ToString("N"));
    }

    // Whoever renames last replaces equal bytes by equal bytes; readers keep the file that they have open.
    private void Publish(string temporary, string sha256)
    {
        string path = PathOf(sha256);
        string folder = Path.GetDirectoryName(path)!;
        _disk.MakeFolder(folder);
        if (!_disk.FileExists(path)) _disk.Rename(temporary, path);
        // Another writer may have made these names, and not have flushed them yet.
        _disk.FlushFolder(folder);
        _disk.FlushFolder(root);
    }

    // Copies, hashes and flushes; stops as soon as there is more than allowed.
    private async Task<(string Sha256, long Bytes)> CopyAsync(Stream source, string target, long most, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var stream = _disk.Create(target);
            long bytes = 0;
            while (bytes <= most && await source.ReadAsync(buffer, cancel) is > 0 and int count)
            {
                bytes += count;
                hash.AppendData(buffer, 0, count);
                await stream.WriteAsync(buffer.AsMemory(0, count), cancel);
            }

            _disk.Flush(stream);
            return (Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
