using System.Text;
using System.Text.Json;
using MiniMind.Text;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Ingestion;

/// <summary>
/// Folders of encoded data by key. A folder is filled under another name and renamed when it is complete, so what has a key's name is whole.
/// </summary>
internal sealed class DatasetCache(string root)
{
    private const string Partial = ".partial-";
    private const string LockName = "lock";

    public string FolderOf(string key) => Path.Combine(root, key);

    /// <summary>Reads what is under a key; null when there is nothing.</summary>
    /// <exception cref="InputException">The folder was tampered with.</exception>
    public IngestedDataset? Find(string key)
    {
        string folder = FolderOf(key);
        if (!Directory.Exists(folder)) return null;
        try
        {
            var training = ReadManifest(folder, "train.json");
            var validation = File.Exists(Path.Combine(folder, "valid.json")) ? ReadManifest(folder, "valid.json") : null;
            string report = Path.Combine(folder, "bad_lines.json");
            var bad = JsonSerializer.Deserialize<BadLineReport>(File.ReadAllText(report)) ?? throw new JsonException("it is null");
            return new IngestedDataset(key, folder, training, validation, bad, FromCache: true);
        }
        catch (Exception fault) when (fault is FileNotFoundException or JsonException)
        {
            throw new InputException($"{folder}: the cached data is damaged ({fault.Message}). Delete the folder to encode it again.", fault);
        }
    }

    /// <summary>Lets <paramref name="fill"/> write a new folder's files, then gives it its key's name. A failure leaves nothing.</summary>
    public async Task<IngestedDataset> AddAsync(
        string key, Func<string, Task<(ShardManifest Training, ShardManifest? Validation, BadLineReport BadLines)>> fill)
    {
        Directory.CreateDirectory(root);
        RemoveAbandoned();
        string partial = Path.Combine(root, Partial + Path.GetRandomFileName());
        Directory.CreateDirectory(partial);
        try
        {
            IngestedDataset dataset;
            using (Lock(partial))
            {
                var (training, validation, bad) = await fill(partial);
                Write(partial, "train.json", training.ToJson());
                if (validation is not null) Write(partial, "valid.json", validation.ToJson());
                Write(partial, "bad_lines.json", JsonSerializer.Serialize(bad));
                dataset = new IngestedDataset(key, FolderOf(key), training, validation, bad, FromCache: false);
            }

            File.Delete(Path.Combine(partial, LockName));
            // Another process may have been quicker with the same data; then its folder stays.
            if (!Directory.Exists(dataset.Folder)) Directory.Move(partial, dataset.Folder);
            return dataset;
        }
        finally
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
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
        using var file = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private static FileStream Lock(string folder) =>
        new(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Deletes what killed processes left: folders whose lock nobody holds.</summary>
    private void RemoveAbandoned()
    {
        foreach (string folder in Directory.GetDirectories(root, Partial + "*"))
        {
            try
            {
                Lock(folder).Dispose();
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException)
            {
                // In use, or gone meanwhile.
            }
        }
    }
}
