using MiniMind.Coordinator.Storage;
using MiniMind.Text;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>One folder of the cache.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Folder">Its path.</param>
/// <param name="Complete">False: what an interrupted process left, to be gone on with.</param>
/// <param name="Bytes">What it takes on the disk.</param>
/// <param name="LastUsed">When a run last took it.</param>
/// <param name="About">What it holds; null when it does not say.</param>
/// <param name="Tokens">Tokens to train on; null when it does not say.</param>
internal sealed record CacheEntry(string Key, string Folder, bool Complete, long Bytes, DateTimeOffset LastUsed, CacheEntryAbout? About, long? Tokens);

/// <summary>What became of an entry that was to be removed.</summary>
internal enum Removal
{
    /// <summary>It is removed.</summary>
    Done,

    /// <summary>A process is filling it, or has used it since it was listed.</summary>
    InUse,

    /// <summary>It had gone already: completed under another name, or removed by another process.</summary>
    Gone,
}

/// <summary>Lists and removes what lies in a cache.</summary>
internal static class CacheFolders
{
    /// <summary>How the names of folders begin that are not complete.</summary>
    public const string Partial = ".partial-";

    private const string LockPrefix = ".lock-";
    private const string Removed = ".removed-";
    private const int KeyLength = 64;

    /// <summary>The folder where caches lie when nobody says otherwise: what MINIMIND_CACHE says, or below the user's own cache folder.</summary>
    public static string Default()
    {
        if (Environment.GetEnvironmentVariable("MINIMIND_CACHE") is { Length: > 0 } named) return named;
        string? shared = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(shared)) shared = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
        return Path.Combine(shared, "minimind", "datasets");
    }

    /// <summary>All folders of encoded data, least recently used first.</summary>
    public static IReadOnlyList<CacheEntry> List(string root)
    {
        if (!Directory.Exists(root)) return [];
        return [.. Directory.GetDirectories(root).Select(Read).OfType<CacheEntry>().OrderBy(entry => entry.LastUsed).ThenBy(entry => entry.Key, StringComparer.Ordinal)];
    }

    /// <summary>
    /// What to remove: entries not used for so long; then, least recently used first, as many as it takes to come below a size.
    /// </summary>
    public static IReadOnlyList<CacheEntry> Superfluous(IReadOnlyList<CacheEntry> entries, DateTimeOffset now, TimeSpan? unusedFor, long? mostBytes)
    {
        var old = entries.Where(entry => unusedFor is { } age && now - entry.LastUsed >= age).ToList();
        long left = entries.Except(old).Sum(entry => entry.Bytes);
        foreach (var entry in entries.Except(old).ToList())
        {
            if (mostBytes is not { } most || left <= most) break;
            old.Add(entry);
            left -= entry.Bytes;
        }

        return old;
    }

    /// <summary>Removes an entry, unless it is in use.</summary>
    public static Removal Remove(string root, CacheEntry entry)
    {
        using var held = TryLock(root, entry.Key);
        if (held is null) return Removal.InUse;
        if (!Directory.Exists(entry.Folder)) return Removal.Gone;
        if (LastUsed(entry.Folder) != entry.LastUsed) return Removal.InUse;
        return Remove(entry.Folder) ? Removal.Done : Removal.Gone;
    }

    /// <summary>Removes a folder of a cache: first its name, so that nobody finds a half of it. False: somebody else has removed it already.</summary>
    public static bool Remove(string folder)
    {
        string removed = Path.Combine(Path.GetDirectoryName(folder)!, Removed + Guid.NewGuid().ToString("N"));
        try
        {
            Directory.Move(folder, removed);
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }

        Delete(removed);
        return true;
    }

    /// <summary>Deletes what processes that were killed while they removed something have left.</summary>
    public static void FinishRemoving(string root)
    {
        if (!Directory.Exists(root)) return;
        foreach (string folder in Directory.GetDirectories(root, Removed + "*")) Delete(folder);
    }

    /// <summary>The right to fill or remove a key, until it is disposed; null while another process has it.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static FileStream? TryLock(string root, string key)
    {
        try
        {
            return LockFile.Open(Path.Combine(root, LockPrefix + key));
        }
        catch (IOException fault) when (LockFile.IsHeld(fault))
        {
            return null;
        }
    }

    public static void Touch(string folder, TimeProvider time)
    {
        try
        {
            Directory.SetLastWriteTimeUtc(folder, time.GetUtcNow().UtcDateTime);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A cache that others may only read is used all the same.
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another process has ended what this one began, or the other way round.
        }
    }

    private static CacheEntry? Read(string folder)
    {
        string name = Path.GetFileName(folder);
        bool complete = !name.StartsWith(Partial, StringComparison.Ordinal);
        string key = complete ? name : name[Partial.Length..];
        if (key.Length != KeyLength || !key.All(char.IsAsciiHexDigitLower)) return null;
        long bytes = new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);
        return new CacheEntry(
            key, folder, complete, bytes, LastUsed(folder), DatasetCache.ReadAbout(folder), TokensOf(folder));
    }

    private static DateTimeOffset LastUsed(string folder) => new(Directory.GetLastWriteTimeUtc(folder), TimeSpan.Zero);

    private static long? TokensOf(string folder)
    {
        string manifest = Path.Combine(folder, "train.json");
        try
        {
            return File.Exists(manifest) ? ShardManifest.FromJson(File.ReadAllText(manifest), manifest).Totals.Tokens : null;
        }
        catch (InputException)
        {
            return null;
        }
    }
}
