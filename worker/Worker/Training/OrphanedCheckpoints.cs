using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using MiniMind.Protos;
using MiniMind.Text.Storage;

namespace MiniMind.Worker.Training;

/// <summary>
/// Checkpoints that no coordinator was there to take, kept in the cache of the process that ends for want of one. The next process that finds them there hands
/// them over, together with the ledger entries that nobody else may have.
/// </summary>
/// <param name="root">Folder of one run's; it need not exist.</param>
internal sealed class OrphanedCheckpoints(string root)
{
    /// <summary>What is handed over beside the checkpoint's files.</summary>
    private const string HandoverFile = "handover.bin";

    // First its name goes, so that nobody takes a half for the whole.
    private const string Removed = ".removed-";

    /// <summary>Keeps one; it would survive a power cut when this returns, and what a power cut leaves of an unfinished one is never taken for one.</summary>
    /// <param name="files">The checkpoint's files; the folder is moved.</param>
    /// <param name="checkpoint">Its stage, step and ledger hash.</param>
    /// <param name="applied">Ledger entries up to it, oldest first: all that no coordinator has acknowledged, and the last that one has.</param>
    public void Keep(string files, CheckpointWritten checkpoint, IEnumerable<Applied> applied)
    {
        var handover = new Handover { Checkpoint = checkpoint };
        handover.Applied.AddRange(applied.Where(one => (one.Entry.StageIndex, one.Entry.Step).CompareTo((checkpoint.StageIndex, checkpoint.Step)) <= 0));
        handover.Checkpoint.Files.Clear();
        foreach (var path in Directory.GetFiles(files).Order(StringComparer.Ordinal)) handover.Checkpoint.Files.Add(Flush(path));
        using (var file = new FileStream(Path.Combine(files, HandoverFile), FileMode.Create))
        {
            handover.WriteTo(file);
            file.Flush(flushToDisk: true);
        }
        FolderFlush.ToDisk(files);
        Directory.CreateDirectory(root);
        var target = Path.Combine(root, NameOf(checkpoint.StageIndex, checkpoint.Step));
        try
        {
            Directory.Move(files, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            // Another worker of this machine has kept the same one.
        }
        // The folder of the run's, that of all runs', and the cache.
        var folder = root;
        for (var level = 0; level < 3 && folder is not null; level++, folder = Path.GetDirectoryName(folder)) FolderFlush.ToDisk(folder);
    }

    /// <summary>The newest one of a stage, and the files in it; null when there is none of this run's identity.</summary>
    public (Handover Handover, IReadOnlyList<string> Files)? Newest(int stage, string identity) => Kept()
        .Where(kept => kept.Stage == stage).OrderByDescending(kept => kept.Step).Select(kept => Read(kept.Folder, identity)).FirstOrDefault(read => read is not null);

    /// <summary>Deletes those that are not needed any more: up to a step of a stage.</summary>
    public void Forget(int stage, long step)
    {
        foreach (var kept in Kept().Where(kept => (kept.Stage, kept.Step).CompareTo((stage, step)) <= 0).ToList())
            Quietly(() => Directory.Move(kept.Folder, Path.Combine(root, Removed + Guid.NewGuid().ToString("N"))));
        if (!Directory.Exists(root)) return;
        foreach (var folder in Directory.GetDirectories(root, Removed + "*")) Quietly(() => Directory.Delete(folder, recursive: true));
    }

    /// <summary>The workers of one machine do the same at the same time: what one finds gone, or in use, another is removing. What stays does no harm, and goes with the next.</summary>
    private static void Quietly(Action remove)
    {
        try
        {
            remove();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // See above.
        }
    }

    private static ArtifactRef Flush(string path)
    {
        using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite)) file.Flush(flushToDisk: true);
        return Describe(path);
    }

    private static ArtifactRef Describe(string path)
    {
        using var file = File.OpenRead(path);
        return new ArtifactRef { Name = Path.GetFileName(path), Sha256 = Convert.ToHexStringLower(SHA256.HashData(file)), Size = file.Length };
    }

    private static string NameOf(int stage, long step) => string.Create(CultureInfo.InvariantCulture, $"{stage}-{step}");

    private IEnumerable<(int Stage, long Step, string Folder)> Kept()
    {
        if (!Directory.Exists(root)) yield break;
        foreach (var folder in Directory.GetDirectories(root))
        {
            if (Path.GetFileName(folder).Split('-') is [var stage, var step]
                && int.TryParse(stage, CultureInfo.InvariantCulture, out var index) && long.TryParse(step, CultureInfo.InvariantCulture, out var number))
                yield return (index, number, folder);
        }
    }

    private static (Handover Handover, IReadOnlyList<string> Files)? Read(string folder, string identity)
    {
        try
        {
            var handover = Handover.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(folder, HandoverFile)));
            using var trainer = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, CheckpointSnapshot.TrainerFile)));
            if (trainer.RootElement.GetProperty("identity").GetString() != identity) return null;
            var files = handover.Checkpoint?.Files.ToList() ?? [];
            if (files.Count == 0 || files.Any(file => Describe(Path.Combine(folder, file.Name)) is var found && !found.Equals(file))) return null;
            // Whoever hands it over names them as the store takes them.
            handover.Checkpoint!.Files.Clear();
            return (handover, [.. files.Select(file => Path.Combine(folder, file.Name))]);
        }
        catch (Exception fault) when (fault is IOException or InvalidProtocolBufferException or JsonException or KeyNotFoundException)
        {
            // It is damaged, or another worker has just handed it over: what is in it can be computed again, to the same bits.
            return null;
        }
    }
}
