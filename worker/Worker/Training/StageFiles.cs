using System.Runtime.InteropServices;
using MiniMind.Collectives.Membership;
using MiniMind.Protos;
using MiniMind.Text.Configuration;
using MiniMind.Transformer.Formats;
using MiniMind.Transformer.Training;
using MiniMind.Worker.Artifacts;

namespace MiniMind.Worker.Training;

/// <summary>A stage's files on this worker: artifacts fetched under their names, and checkpoints on their way to the store.</summary>
internal sealed class StageFiles : IDisposable
{
    private readonly ArtifactClient _artifacts;
    private readonly string _folder;
    private readonly CancellationTokenSource _orphaned = new();
    private IReadOnlyList<string> _tokenizer = [];

    /// <param name="scratch">Folder of this process; the stage's part of it is deleted on disposal.</param>
    public StageFiles(ArtifactClient artifacts, string scratch, StageSpec spec)
    {
        _artifacts = artifacts;
        _folder = Path.Combine(scratch, $"stage-{spec.StageIndex}");
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Fetches shards; local paths in the same order.</summary>
    public async Task<IReadOnlyList<string>> FetchAsync(IEnumerable<ArtifactRef> references, CancellationToken cancellation)
    {
        var paths = new List<string>();
        foreach (var reference in references) paths.Add(await KeepAsync(reference, Path.Combine(_folder, reference.Sha256), cancellation));
        return paths;
    }

    /// <summary>Fetches the tokenizer's files, which every checkpoint carries.</summary>
    public async Task FetchTokenizerAsync(IReadOnlyList<ArtifactRef> references, CancellationToken cancellation)
    {
        var folder = await GatherAsync("tokenizer", references, cancellation);
        _tokenizer = [.. references.Select(reference => Path.Combine(folder, reference.Name))];
    }

    /// <summary>Fetches artifacts into a folder under their own names.</summary>
    public async Task<string> GatherAsync(string name, IReadOnlyList<ArtifactRef> references, CancellationToken cancellation)
    {
        var folder = Path.Combine(_folder, name);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        foreach (var reference in references) await KeepAsync(reference, Path.Combine(folder, Path.GetFileName(reference.Name)), cancellation);
        return folder;
    }

    /// <summary>Fetches an artifact under a name of this stage's own: the cache promises its file for a short time only.</summary>
    private async Task<string> KeepAsync(ArtifactRef reference, string path, CancellationToken cancellation)
    {
        var cached = await _artifacts.FetchAsync(reference, cancellation);
        // The same shard may be named twice.
        if (!File.Exists(path) && (OperatingSystem.IsWindows() || Link(cached, path) != 0)) File.Copy(cached, path, overwrite: true);
        return path;
    }

    /// <summary>There is no coordinator to take a checkpoint: from now on they are kept here, those on their way included.</summary>
    public void Orphan() => _orphaned.Cancel();

    /// <summary>Where and how they are kept; set before anything is written.</summary>
    public Action<string, Position>? Keep { get; init; }

    /// <summary>Writes a checkpoint's files and uploads them; the coordinator makes the folder.</summary>
    /// <exception cref="ArtifactException">They cannot be uploaded, or were kept here.</exception>
    public async Task<IReadOnlyList<ArtifactRef>> UploadCheckpointAsync(
        CheckpointSnapshot snapshot, ModelConfig config, IReadOnlyList<ParameterSlot> slots, CancellationToken cancellation)
    {
        var folder = Path.Combine(_folder, $"checkpoint-{snapshot.Position.Step}");
        Directory.CreateDirectory(folder);
        try
        {
            HuggingFaceFolder.Write(config, slots, snapshot.Buffers[0], folder, _tokenizer);
            OptimizerFile.Write(Path.Combine(folder, OptimizerFile.FileName), snapshot.Buffers[1], snapshot.Buffers[2], snapshot.OptimizerStep);
            await File.WriteAllTextAsync(Path.Combine(folder, CheckpointSnapshot.TrainerFile), snapshot.TrainerJson(), cancellation);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _orphaned.Token);
            return await UploadAsync(Directory.GetFiles(folder).Order(StringComparer.Ordinal), either.Token);
        }
        catch (OperationCanceledException) when (_orphaned.IsCancellationRequested && Keep is not null)
        {
            Keep(folder, snapshot.Position);
            throw new ArtifactException("it is kept in the cache until there is a coordinator to take it");
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Uploads files under their own names.</summary>
    public async Task<IReadOnlyList<ArtifactRef>> UploadAsync(IEnumerable<string> files, CancellationToken cancellation)
    {
        var references = new List<ArtifactRef>();
        foreach (var file in files) references.Add(await _artifacts.UploadAsync(file, Path.GetFileName(file), cancellation));
        return references;
    }

    [DllImport("libc", EntryPoint = "link")]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    public void Dispose()
    {
        _orphaned.Dispose();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
