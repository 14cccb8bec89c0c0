using System.Text;
using System.Text.Json;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Folders of encoded data by key, shared by all runs that are given the same root. A folder is filled under another name and renamed when it is complete,
/// so what has a key's name is whole. One process at a time fills a key; what it has done when it is killed, the next one goes on with.
/// </summary>
/// <param name="root">Folder of the cache.</param>
/// <param name="time">For the time of last use.</param>
internal sealed class DatasetCache(string root, TimeProvider time)
{
    private const string About = "about.json";
    private const string Lines = "lines.json";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    public string FolderOf(string key) => Path.Combine(root, key);

    /// <summary>Reads what is under a key, and notes that it was used; null when there is nothing.</summary>
    /// <exception cref="InputException">The folder was tampered with.</exception>
    public IngestedDataset? Find(string key)
    {
        string folder = FolderOf(key);
        try
        {
            var training = ReadManifest(folder, "train.json");
            var validation = File.Exists(Path.Combine(folder, "valid.json")) ? ReadManifest(folder, "valid.json") : null;
            var lines = JsonSerializer.Deserialize<LineReport>(File.ReadAllText(Path.Combine(folder, Lines))) ?? throw new JsonException("it is null");
            CacheFolders.Touch(folder, time);
            return new IngestedDataset(key, folder, training, validation, lines, FromCache: true);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            // Never there, or removed while it was read: a folder loses its name before its files.
            if (!Directory.Exists(folder)) return null;
            throw new InputException($"{folder}: the cached data is damaged ({fault.Message}). Delete the folder to encode it again.", fault);
        }
    }

    /// <summary>
    /// Lets <paramref name="fill"/> write a folder's files, then gives it its key's name. Wrong data leaves nothing; a cancellation, or a disk that fails, leaves
    /// what the journal in the folder says, for the next call to go on with.
    /// </summary>
    /// <param name="key">Name of the folder.</param>
    /// <param name="about">What it holds, for people.</param>
    /// <param name="fill">Writes shards into the folder that it is given.</param>
    /// <param name="waiting">Told when another process is filling the same key; its result is taken then.</param>
    /// <param name="ct">Ends waiting and filling.</param>
    public async Task<IngestedDataset> AddAsync(
        string key, CacheEntryAbout about, Func<string, Task<(ShardManifest Training, ShardManifest? Validation, LineReport Lines)>> fill,
        Action waiting, CancellationToken ct)
    {
        Directory.CreateDirectory(root);
        using var held = await LockAsync(key, waiting, ct);
        if (Find(key) is { } known) return known;
        string partial = Path.Combine(root, CacheFolders.Partial + key);
        Directory.CreateDirectory(partial);
        bool keep = false;
        try
        {
            var (training, validation, lines) = await fill(partial);
            Write(partial, "train.json", training.ToJson());
            if (validation is not null) Write(partial, "valid.json", validation.ToJson());
            Write(partial, Lines, JsonSerializer.Serialize(lines));
            Write(partial, About, JsonSerializer.Serialize(about));
            SystemDisk.Instance.FlushFolder(partial);
            SystemDisk.Instance.Publish(partial, FolderOf(key));
            // Only now: should the process die before, the next one goes on with what is there. Here it does no harm.
            IngestionJournal.Remove(FolderOf(key));
            return new IngestedDataset(key, FolderOf(key), training, validation, lines, FromCache: false);
        }
        catch (Exception fault) when (fault is IOException || (fault is OperationCanceledException && ct.IsCancellationRequested))
        {
            keep = true;
            throw;
        }
        finally
        {
            if (!keep && Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        }
    }

    /// <summary>What a folder holds, for people; null when it does not say.</summary>
    public static CacheEntryAbout? ReadAbout(string folder)
    {
        try
        {
            string path = Path.Combine(folder, About);
            return File.Exists(path) ? JsonSerializer.Deserialize<CacheEntryAbout>(File.ReadAllText(path)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ShardManifest ReadManifest(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        var manifest = ShardManifest.FromJson(File.ReadAllText(path), path);
        foreach (var shard in manifest.Shards)
        {
            var file = new FileInfo(Path.Combine(folder, shard.File));
            if (!file.Exists || file.Length != shard.Size)
                throw new FileNotFoundException($"{shard.File} has {(file.Exists ? file.Length : 0)} bytes, expected {shard.Size}");
        }

        return manifest;
    }

    private static void Write(string folder, string name, string text)
    {
        using var file = new FileStream(Path.Combine(folder, name), FileMode.Create, FileAccess.Write);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private async Task<FileStream> LockAsync(string key, Action waiting, CancellationToken ct)
    {
        if (CacheFolders.TryLock(root, key) is { } free) return free;
        waiting();
        using var timer = new PeriodicTimer(LookAgain, time);
        while (await timer.WaitForNextTickAsync(ct))
            if (CacheFolders.TryLock(root, key) is { } released) return released;
        throw new OperationCanceledException(ct);
    }
}

/// <summary>What a folder of the cache holds, for people.</summary>
/// <param name="Kind">Kind of the documents.</param>
/// <param name="Files">Data files, as they were called.</param>
/// <param name="Tokenizer">Folder of the tokenizer, as it was called.</param>
/// <param name="SequenceLength">Slots of a sequence.</param>
internal sealed record CacheEntryAbout(string Kind, IReadOnlyList<string> Files, string Tokenizer, int SequenceLength);
