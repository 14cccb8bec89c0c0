using System.Buffers.Binary;
using System.Text.Json;
using MiniMind.Coordinator.Grains;
using MiniMind.Protos;
using MiniMind.Text.Weights;

namespace MiniMind.Coordinator.Audit;

/// <summary>Every checkpoint's files are those that its manifest, its ledger entry and the run's state say, down to the digest of the weights.</summary>
internal sealed class CheckpointAudit(RunFolder folder, LedgerReading ledger)
{
    private const string WeightsFile = "model.safetensors";
    private const string TrainerFile = "trainer.json";

    public async Task CheckAsync(RunRecord record, IReadOnlyList<StageSpec> stages, AuditPart part, CancellationToken cancellation)
    {
        long files = 0;
        foreach (var checkpoint in record.Checkpoints)
        {
            var written = CheckpointWritten.Parser.ParseFrom(checkpoint.Written);
            if (!CheckFolder(checkpoint, written, part)) continue;
            foreach (var file in written.Files)
            {
                var path = Path.Combine(folder.Root, checkpoint.Folder, file.Name);
                if (File.Exists(path) && await ArtifactAudit.HashOfAsync(path, cancellation) is var found && found != file.Sha256)
                    part.Fault(Path.Combine(checkpoint.Folder, file.Name), $"expected SHA-256 {file.Sha256}, found {found}");
                files++;
            }
            CheckStep(checkpoint, written, stages.FirstOrDefault(stage => stage.StageIndex == checkpoint.StageIndex), part);
        }
        CheckLink(folder.Latest, record.Checkpoints.LastOrDefault(), part);
        CheckLink(folder.Best, record.Checkpoints.LastOrDefault(checkpoint => checkpoint.Best), part);
        foreach (var index in record.CompletedStages.Where(index => record.Checkpoints.All(checkpoint => checkpoint.StageIndex != index)))
            part.Fault(Path.GetFileName(folder.Checkpoints), $"stage {index} is complete, but has no checkpoint");
        part.Prove($"{record.Checkpoints.Count} checkpoints, {files:N0} files as in their manifests, their weights those of their steps");
    }

    /// <summary>Manifest and list of files.</summary>
    private bool CheckFolder(CheckpointRecord checkpoint, CheckpointWritten written, AuditPart part)
    {
        var path = Path.Combine(folder.Root, checkpoint.Folder);
        var manifest = Path.Combine(path, CheckpointFolders.ManifestFile);
        if (!File.Exists(manifest))
        {
            part.Fault(checkpoint.Folder, Directory.Exists(path) ? "it has no manifest" : "the folder is missing");
            return false;
        }
        if (!File.ReadAllBytes(manifest).AsSpan().SequenceEqual(CheckpointFolders.Manifest(written)))
            part.Fault(Path.Combine(checkpoint.Folder, CheckpointFolders.ManifestFile), "not as it was written");
        var expected = written.Files.Select(file => file.Name).Append(CheckpointFolders.ManifestFile).ToHashSet();
        var found = Directory.GetFiles(path).Select(file => Path.GetFileName(file)).ToHashSet();
        foreach (var name in expected.Except(found)) part.Fault(Path.Combine(checkpoint.Folder, name), "the file is missing");
        foreach (var name in found.Except(expected)) part.Fault(Path.Combine(checkpoint.Folder, name), "the manifest knows no such file");
        return true;
    }

    /// <summary>The checkpoint is that of a committed step: ledger, position and weights.</summary>
    private void CheckStep(CheckpointRecord checkpoint, CheckpointWritten written, StageSpec? stage, AuditPart part)
    {
        if (stage is null)
        {
            part.Fault(checkpoint.Folder, $"of stage {checkpoint.StageIndex}, which never began");
            return;
        }
        if ((written.StageIndex, written.Step, written.LedgerHash) != (checkpoint.StageIndex, checkpoint.Step, checkpoint.LedgerHash))
            part.Fault(checkpoint.Folder, "the run's state contradicts itself about its step");
        if (ledger.Find(checkpoint.StageIndex, checkpoint.Step) is not { } entry)
        {
            part.Fault(checkpoint.Folder, $"step {checkpoint.Step} is not in the ledger");
            return;
        }
        if (Convert.ToHexStringLower(entry.Hash.Span) != checkpoint.LedgerHash) part.Fault(checkpoint.Folder, $"the ledger's entry of step {checkpoint.Step} is another one");
        CheckWeights(Path.Combine(checkpoint.Folder, WeightsFile), entry, part);
        CheckTrainer(Path.Combine(checkpoint.Folder, TrainerFile), checkpoint, stage, part);
    }

    private void CheckWeights(string file, LedgerEntry entry, AuditPart part)
    {
        var path = Path.Combine(folder.Root, file);
        if (!File.Exists(path)) return;
        if (DigestOfTensors(path) is not { } digest) part.Fault(file, "not a safetensors file");
        else if (!entry.WeightsDigest.Span.SequenceEqual(BlockDigest.ToBytes(digest)))
            part.Fault(file, $"its weights are not those that step {entry.Step} ended with");
    }

    /// <summary>A safetensors file holds a length (8 bytes), a header of that length, and the tensors: in a checkpoint the flat buffer as it was.</summary>
    private static UInt128? DigestOfTensors(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> length = stackalloc byte[8];
        if (file.ReadAtLeast(length, 8, throwOnEndOfStream: false) < 8 || BinaryPrimitives.ReadUInt64LittleEndian(length) > (ulong)(file.Length - 8)) return null;
        file.Position += (long)BinaryPrimitives.ReadUInt64LittleEndian(length);
        var (block, hashes) = (new byte[BlockDigest.BlockSize], new List<UInt128>());
        while (file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) is > 0 and var count) hashes.Add(BlockDigest.OfBlock(block.AsSpan(0, count)));
        return BlockDigest.Combine(hashes.ToArray());
    }

    private void CheckTrainer(string file, CheckpointRecord checkpoint, StageSpec stage, AuditPart part)
    {
        var path = Path.Combine(folder.Root, file);
        if (!File.Exists(path)) return;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            var next = StateAudit.OrderOf(stage).Samples(checkpoint.Step).End;
            if (root.GetProperty("stage_index").GetInt32() != checkpoint.StageIndex || root.GetProperty("step").GetInt64() != checkpoint.Step
                || root.GetProperty("ledger").GetString() != checkpoint.LedgerHash || root.GetProperty("identity").GetString() != stage.Identity
                || root.GetProperty("seed").GetUInt64() != stage.Seed || root.GetProperty("next_sample").GetInt64() != next)
                part.Fault(file, $"not the position of step {checkpoint.Step} of {stage.Stage}");
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            part.Fault(file, "not a position as it was written");
        }
    }

    private static void CheckLink(string link, CheckpointRecord? target, AuditPart part)
    {
        if (target is null) return;
        var found = new FileInfo(link).LinkTarget;
        if (found != target.Folder) part.Fault(Path.GetFileName(link), $"expected a link to {target.Folder}, found {found ?? "none"}");
    }
}
