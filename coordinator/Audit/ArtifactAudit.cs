using System.Security.Cryptography;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Audit;

/// <summary>Every artifact has the content that its name says, and none that the run needs is missing.</summary>
internal sealed class ArtifactAudit(RunFolder folder, ArtifactStore store)
{
    public async Task CheckAsync(RunRecord record, IReadOnlyList<StageSpec> stages, AuditPart part, CancellationToken cancellation)
    {
        var needed = stages.SelectMany(stage => stage.Tokenizer.Concat(stage.TrainingShards).Concat(stage.ValidationShards))
            .Concat(record.Checkpoints.SelectMany(checkpoint => CheckpointWritten.Parser.ParseFrom(checkpoint.Written).Files))
            .DistinctBy(file => file.Sha256).ToList();
        foreach (var file in needed.Where(file => !store.Exists(file.Sha256))) part.Fault(PlaceOf(store.PathOf(file.Sha256)), $"{file.Name} is missing");
        foreach (var file in needed.Where(file => store.SizeOf(file.Sha256) is { } size && size != file.Size))
            part.Fault(PlaceOf(store.PathOf(file.Sha256)), $"expected {file.Size:N0} bytes of {file.Name}, found {store.SizeOf(file.Sha256):N0}");

        long count = 0;
        foreach (var path in Files())
        {
            count++;
            if (await HashOfAsync(path, cancellation) is var found && found != Path.GetFileName(path))
                part.Fault(PlaceOf(path), $"expected content of this SHA-256, found {found}");
        }
        await CheckTokenizerAsync(stages, part, cancellation);
        part.Prove($"{count:N0} files have the content that their names say, {needed.Count:N0} of them needed");
    }

    /// <summary>SHA-256 of a file, in lower-case hexadecimal digits.</summary>
    public static async Task<string> HashOfAsync(string path, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
    }

    /// <summary>The tokenizer that the run trained lies beside the copies that it was trained with.</summary>
    private async Task CheckTokenizerAsync(IReadOnlyList<StageSpec> stages, AuditPart part, CancellationToken cancellation)
    {
        if (stages.Count == 0 || !Directory.Exists(folder.Tokenizer)) return;
        foreach (var file in stages[0].Tokenizer)
        {
            var path = Path.Combine(folder.Tokenizer, file.Name);
            if (!File.Exists(path)) part.Fault(PlaceOf(path), "the file is missing");
            else if (await HashOfAsync(path, cancellation) != file.Sha256) part.Fault(PlaceOf(path), "not the tokenizer that the run was trained with");
        }
    }

    private IEnumerable<string> Files() => !Directory.Exists(folder.Artifacts) ? [] : Directory.EnumerateFiles(folder.Artifacts, "*", SearchOption.AllDirectories)
        .Where(path => ArtifactStore.IsHash(Path.GetFileName(path))).Order(StringComparer.Ordinal);

    private string PlaceOf(string path) => Path.GetRelativePath(folder.Root, path);
}
