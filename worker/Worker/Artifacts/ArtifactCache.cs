using System.Collections.Concurrent;
using MiniMind.Protos;

namespace MiniMind.Worker.Artifacts;

/// <summary>
/// Artifacts on this machine's disk, named by hash. A file appears under its name only when its content is complete, verified
/// and on the disk; unfinished downloads stay beside it and are resumed. Files are read only: nobody writes to what the cache
/// returns. Safe for any number of threads and processes that share the folder.
/// </summary>
/// <remarks>
/// <code>
/// FOLDER/SHA256              verified files; the modification time is the time of last use
/// FOLDER/partial/SHA256      unfinished downloads
/// FOLDER/locks/XX            one lock per first two digits of a hash, and one for eviction
/// </code>
/// </remarks>
public sealed class ArtifactCache
{
    private readonly ArtifactCacheOptions _options;
    private readonly TimeProvider _time;
    private readonly string _partials;
    private readonly string _locks;
    private readonly ConcurrentDictionary<string, byte> _verified = new();

    /// <exception cref="ArgumentException">The options are wrong; all faults in one message.</exception>
    public ArtifactCache(ArtifactCacheOptions options, TimeProvider time)
    {
        var faults = options.Faults();
        if (faults.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(options));
        _options = options;
        _time = time;
        _partials = Path.Combine(options.Folder, "partial");
        _locks = Path.Combine(options.Folder, "locks");
        Directory.CreateDirectory(_partials);
        Directory.CreateDirectory(_locks);
    }

    /// <summary>
    /// The local path of an artifact, filled in by <paramref name="download"/> when it is not here. One caller at a time
    /// downloads an artifact; others wait for it. The path is good to open for <see cref="ArtifactCacheOptions.KeepAfterUse"/>.
    /// </summary>
    /// <param name="reference">What is wanted.</param>
    /// <param name="download">
    /// Appends the bytes that are missing: the stream holds what came before and stands at its end. When it throws, what it
    /// wrote is kept and the next call goes on from there.
    /// </param>
    /// <param name="cancellation">Gives up; what was downloaded is kept.</param>
    /// <exception cref="ArtifactException">The content does not match the reference, or the disk does not take it.</exception>
    public async Task<string> GetOrAddAsync(
        ArtifactRef reference, Func<Stream, CancellationToken, Task> download, CancellationToken cancellation)
    {
        ContentHash.Check(reference);
        var path = Path.Combine(_options.Folder, reference.Sha256);
        var added = false;
        try
        {
            var held = await FolderLock.TakeAsync(LockOf(reference.Sha256), _time, cancellation).ConfigureAwait(false);
            await using (held.ConfigureAwait(false))
            {
                if (!await IsGoodAsync(path, reference, cancellation).ConfigureAwait(false))
                {
                    await AddAsync(path, reference, download, cancellation).ConfigureAwait(false);
                    added = true;
                }
                Touch(path);
            }
            if (added) await EvictAsync(cancellation).ConfigureAwait(false);
            return path;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ArtifactException(
                $"Cannot keep artifact {reference.Name} ({reference.Size} bytes) in the cache {_options.Folder}: {failure.Message}", failure);
        }
    }

    private async Task AddAsync(
        string path, ArtifactRef reference, Func<Stream, CancellationToken, Task> download, CancellationToken cancellation)
    {
        var partial = Path.Combine(_partials, reference.Sha256);
        var resumed = File.Exists(partial);
        var found = await FillAsync(partial, reference, download, cancellation).ConfigureAwait(false);
        if (found is not null && resumed)
        {
            // The earlier part may be what is wrong: once more from the start.
            File.Delete(partial);
            found = await FillAsync(partial, reference, download, cancellation).ConfigureAwait(false);
        }
        if (found is not null)
        {
            File.Delete(partial);
            throw new ArtifactException(
                $"Artifact {reference.Name}: expected sha256 {reference.Sha256} of {reference.Size} bytes, found {found}. "
                + "It was not kept; the store's copy is damaged.");
        }
        File.Move(partial, path, overwrite: true);
        _verified[reference.Sha256] = 0;
    }

    /// <summary>Completes the partial file and forces it to the disk; null when it matches, otherwise what it is instead.</summary>
    private static async Task<string?> FillAsync(
        string partial, ArtifactRef reference, Func<Stream, CancellationToken, Task> download, CancellationToken cancellation)
    {
        var file = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        await using (file.ConfigureAwait(false))
        {
            if (file.Length > reference.Size) file.SetLength(0);
            file.Seek(0, SeekOrigin.End);
            if (file.Length < reference.Size) await download(file, cancellation).ConfigureAwait(false);
            file.Flush(flushToDisk: true);
            file.Seek(0, SeekOrigin.Begin);
            var hash = await ContentHash.OfStreamAsync(file, cancellation).ConfigureAwait(false);
            return hash == reference.Sha256 && file.Length == reference.Size ? null : $"sha256 {hash} of {file.Length} bytes";
        }
    }

    /// <summary>Whether the file is here and whole. Its content is hashed once per process; a damaged file is removed.</summary>
    private async Task<bool> IsGoodAsync(string path, ArtifactRef reference, CancellationToken cancellation)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            _verified.TryRemove(reference.Sha256, out _);
            return false;
        }
        if (file.Length == reference.Size
            && (_verified.ContainsKey(reference.Sha256)
                || await ContentHash.OfFileAsync(path, cancellation).ConfigureAwait(false) == reference.Sha256))
        {
            _verified[reference.Sha256] = 0;
            return true;
        }
        file.Delete();
        return false;
    }

    /// <summary>Deletes the longest unused files until the rest fits, and abandoned partial downloads with them.</summary>
    private async Task EvictAsync(CancellationToken cancellation)
    {
        var held = await FolderLock.TakeAsync(Path.Combine(_locks, "evict"), _time, cancellation).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            var files = new[] { _options.Folder, _partials }
                .SelectMany(folder => new DirectoryInfo(folder).GetFiles())
                .Where(file => ContentHash.IsHash(file.Name))
                .OrderBy(file => file.LastWriteTimeUtc)
                .ToList();
            var excess = files.Sum(file => file.Length) - _options.CapacityBytes;
            foreach (var file in files.TakeWhile(_ => excess > 0)) excess -= Evict(file);
        }
    }

    /// <summary>Deletes a file unless somebody uses or fills it; returns the bytes that this freed.</summary>
    private long Evict(FileInfo file)
    {
        using var held = FolderLock.TryTake(LockOf(file.Name));
        file.Refresh();
        if (held is null || !file.Exists || _time.GetUtcNow() - file.LastWriteTimeUtc < _options.KeepAfterUse) return 0;
        var length = file.Length;
        file.Delete();
        return length;
    }

    private void Touch(string path) => File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);

    private string LockOf(string sha256) => Path.Combine(_locks, sha256[..2]);
}
