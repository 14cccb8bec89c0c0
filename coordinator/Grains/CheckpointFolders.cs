using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Grains;

/// <summary>Assembles checkpoint folders from the artifact store. A folder exists once its manifest does; it appears by one rename.</summary>
public sealed class CheckpointFolders(RunFolder folder, ArtifactStore artifacts)
{
    /// <summary>Name of the file with the SHA-256 of all others, written last.</summary>
    public const string ManifestFile = "manifest.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Makes the folder of a checkpoint whose files are all in the store; an existing one is kept.</summary>
    public async Task AssembleAsync(string stage, CheckpointWritten written)
    {
        var target = Path.Combine(folder.Root, RelativePathOf(stage, written.Step));
        if (File.Exists(Path.Combine(target, ManifestFile))) return;

        var temporary = Path.Combine(folder.Checkpoints, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}");
        Directory.CreateDirectory(temporary);
        try
        {
            foreach (var file in written.Files) await CopyAsync(file, temporary);
            await AtomicFile.WriteAsync(Path.Combine(temporary, ManifestFile), stream => stream.WriteAsync(Manifest(written)).AsTask());
            Directory.Move(temporary, target);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
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
        if (!Directory.Exists(folder.Checkpoints)) return;
        var known = records.Select(record => Path.GetFileName(record.Folder)).ToHashSet();
        foreach (var path in Directory.GetDirectories(folder.Checkpoints).Where(path => !known.Contains(Path.GetFileName(path)))) Directory.Delete(path, recursive: true);
        if (records.Count == 0) return;
        Link(folder.Latest, records[^1].Folder);
        if (records.LastOrDefault(record => record.Best) is { } best) Link(folder.Best, best.Folder);
    }

    /// <summary>Lets a link of the run's folder point to a checkpoint, atomically.</summary>
    public static void Link(string link, string relative)
    {
        var temporary = $"{link}.{Guid.NewGuid():N}";
        File.CreateSymbolicLink(temporary, relative);
        // File.Move and Directory.Move both follow a link to a folder; the system call replaces the link itself.
        if (!OperatingSystem.IsWindows() && Rename(temporary, link) == 0) return;
        if (Directory.Exists(link)) Directory.Delete(link);
        Directory.Move(temporary, link);
    }

    /// <summary>Deletes a checkpoint: first its manifest, so that it never looks complete, then the rest and the artifacts that nothing else needs.</summary>
    public void Delete(CheckpointRecord record, IEnumerable<CheckpointRecord> kept)
    {
        var path = Path.Combine(folder.Root, record.Folder);
        if (Directory.Exists(path))
        {
            File.Delete(Path.Combine(path, ManifestFile));
            Directory.Delete(path, recursive: true);
        }
        var needed = kept.SelectMany(other => Files(other)).Select(file => file.Sha256).ToHashSet();
        foreach (var file in Files(record).Where(file => IsOwn(file.Name) && !needed.Contains(file.Sha256))) File.Delete(artifacts.PathOf(file.Sha256));
    }

    [DllImport("libc", EntryPoint = "rename")]
    private static extern int Rename([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    // Tokenizer files and shards are shared with the stage's specification.
    private static bool IsOwn(string name) => name is "model.safetensors" or "optimizer.safetensors" or "trainer.json";

    private static Google.Protobuf.Collections.RepeatedField<ArtifactRef> Files(CheckpointRecord record) => CheckpointWritten.Parser.ParseFrom(record.Written).Files;

    private async Task CopyAsync(ArtifactRef file, string temporary)
    {
        await using var source = artifacts.OpenRead(file.Sha256);
        await using var target = new FileStream(Path.Combine(temporary, Path.GetFileName(file.Name)), FileMode.CreateNew);
        using var hash = SHA256.Create();
        await using var hashing = new CryptoStream(target, hash, CryptoStreamMode.Write, leaveOpen: true);
        await source.CopyToAsync(hashing);
        await hashing.FlushFinalBlockAsync();
        target.Flush(flushToDisk: true);
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
