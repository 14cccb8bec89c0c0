using System.Security.Cryptography;
using System.Text.Json;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Grains;

/// <summary>Assembles checkpoint folders from the artifact store. A folder exists once its manifest does; it appears by one rename.</summary>
public sealed class CheckpointFolders(RunFolder folder, ArtifactStore artifacts, IDisk? disk = null)
{
    /// <summary>Name of the file with the SHA-256 of all others, written last.</summary>
    public const string ManifestFile = "manifest.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly IDisk _disk = disk ?? SystemDisk.Instance;

    /// <summary>Makes the folder of a checkpoint whose files are all in the store; an existing one is kept. It would survive a power cut when this returns.</summary>
    public async Task AssembleAsync(string stage, CheckpointWritten written)
    {
        var target = Path.Combine(folder.Root, RelativePathOf(stage, written.Step));
        bool IsComplete() => _disk.FileExists(Path.Combine(target, ManifestFile));
        if (IsComplete())
        {
            // Whoever renamed it may have been killed before the name was flushed.
            _disk.FlushFolder(folder.Checkpoints);
            return;
        }

        var temporary = Path.Combine(folder.Checkpoints, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}");
        _disk.MakeFolder(temporary);
        try
        {
            foreach (var file in written.Files) await CopyAsync(file, temporary);
            await AtomicFile.WriteAsync(Path.Combine(temporary, ManifestFile), stream => stream.WriteAsync(Manifest(written)).AsTask(), _disk);
            _disk.Publish(temporary, target);
        }
        catch (IOException) when (IsComplete())
        {
            // Another coordinator, or an activation before this one, was faster: a complete folder wins.
            _disk.FlushFolder(folder.Checkpoints);
        }
        finally
        {
            if (_disk.FolderExists(temporary)) _disk.DeleteFolder(temporary);
        }
    }

    /// <summary>A checkpoint's folder, relative to the run's.</summary>
    public string RelativePathOf(string stage, long step) => Path.Combine(Path.GetFileName(folder.Checkpoints), $"{stage}-{step}");

    /// <summary>
    /// Brings the folder back to what is recorded: deletes what a process that was killed left unfinished or undeleted, and sets the links. For a time when
    /// nobody else writes.
    /// </summary>
    public void Repair(IReadOnlyList<CheckpointRecord> records)
    {
        foreach (var link in new[] { folder.Latest, folder.Best }) _disk.RemoveTemporaries(folder.Root, Path.GetFileName(link));
        if (!_disk.FolderExists(folder.Checkpoints)) return;
        var known = records.Select(record => Path.GetFileName(record.Folder)).ToHashSet();
        foreach (var path in _disk.FoldersIn(folder.Checkpoints).Where(path => !known.Contains(Path.GetFileName(path)))) Delete(path, FilesOfSuperseded(path, records), records);
        LinkNewest(records);
    }

    /// <summary>Lets "latest" and "best" point to the newest checkpoint and the newest of the best.</summary>
    /// <param name="records">All that are recorded, oldest first.</param>
    public void LinkNewest(IReadOnlyList<CheckpointRecord> records)
    {
        if (records.Count == 0) return;
        Link(folder.Latest, records[^1].Folder, _disk);
        if (records.LastOrDefault(record => record.Best) is { } best) Link(folder.Best, best.Folder, _disk);
    }

    /// <summary>Lets a link of the run's folder point to a checkpoint, atomically; it would survive a power cut when this returns.</summary>
    public static void Link(string link, string relative, IDisk? disk = null)
    {
        disk ??= SystemDisk.Instance;
        var temporary = $"{link}.{Guid.NewGuid():N}{AtomicFile.Temporary}";
        disk.Link(temporary, relative);
        disk.Publish(temporary, link);
    }

    /// <summary>
    /// Deletes a checkpoint: the artifacts that nothing else needs, then its manifest, so that it never looks complete, then the rest. <see cref="Repair"/> ends
    /// what a process that was killed has begun.
    /// </summary>
    public void Delete(CheckpointRecord record, IEnumerable<CheckpointRecord> kept) =>
        Delete(Path.Combine(folder.Root, record.Folder), Files(record).Select(file => (file.Name, file.Sha256)), kept);

    private void Delete(string path, IEnumerable<(string Name, string Sha256)> files, IEnumerable<CheckpointRecord> kept)
    {
        var needed = kept.SelectMany(other => Files(other)).Select(file => file.Sha256).ToHashSet();
        foreach (var (_, sha256) in files.Where(file => IsOwn(file.Name) && !needed.Contains(file.Sha256))) artifacts.Delete(sha256);
        if (!_disk.FolderExists(path)) return;
        _disk.Delete(Path.Combine(path, ManifestFile));
        _disk.FlushFolder(path);
        _disk.DeleteFolder(path);
        _disk.FlushFolder(folder.Checkpoints);
    }

    /// <summary>
    /// Files of a checkpoint that is recorded no more. None of one that is not recorded yet: workers that outlived their coordinator report it again, and do not
    /// upload it twice.
    /// </summary>
    private List<(string Name, string Sha256)> FilesOfSuperseded(string path, IReadOnlyList<CheckpointRecord> records)
    {
        var manifest = Path.Combine(path, ManifestFile);
        if (!_disk.FileExists(manifest)) return [];
        try
        {
            using var json = JsonDocument.Parse(_disk.OpenRead(manifest));
            var place = (json.RootElement.GetProperty("stage_index").GetInt32(), json.RootElement.GetProperty("step").GetInt64());
            if (records.Count == 0 || place.CompareTo((records[^1].StageIndex, records[^1].Step)) > 0) return [];
            return [.. json.RootElement.GetProperty("files").EnumerateObject().Select(file => (file.Name, file.Value.GetProperty("sha256").GetString()!))];
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return [];
        }
    }

    // Tokenizer files and shards are shared with the stage's specification.
    private static bool IsOwn(string name) => name is "model.safetensors" or "optimizer.safetensors" or "trainer.json";

    private static Google.Protobuf.Collections.RepeatedField<ArtifactRef> Files(CheckpointRecord record) => CheckpointWritten.Parser.ParseFrom(record.Written).Files;

    private async Task CopyAsync(ArtifactRef file, string temporary)
    {
        await using var source = artifacts.OpenRead(file.Sha256);
        await using var target = _disk.Create(Path.Combine(temporary, Path.GetFileName(file.Name)));
        using var hash = SHA256.Create();
        await using var hashing = new CryptoStream(target, hash, CryptoStreamMode.Write, leaveOpen: true);
        await source.CopyToAsync(hashing);
        await hashing.FlushFinalBlockAsync();
        _disk.Flush(target);
        var found = Convert.ToHexStringLower(hash.Hash!);
        if (found != file.Sha256) throw new InvalidDataException($"{file.Name}: expected SHA-256 {file.Sha256}, found {found} in the artifact store");
    }

    /// <summary>Content of the manifest: nothing that is not in the report of the checkpoint.</summary>
    public static byte[] Manifest(CheckpointWritten written) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        stage_index = written.StageIndex,
        step = written.Step,
        ledger = written.LedgerHash,
        files = written.Files.ToDictionary(file => file.Name, file => new { sha256 = file.Sha256, size = file.Size }),
    }, Indented);
}
