using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Ledger;
using MiniMind.Coordinator.Storage;
using MiniMind.Protos;

namespace MiniMind.Simulation.PowerCuts;

/// <summary>What one coordinator process has open of a run's folder: all of it production code over a simulated disk.</summary>
internal sealed class CoordinatorDisk
{
    private CoordinatorDisk(SimulatedDisk disk, StoredState state, LedgerBook ledger, TimeProvider time)
    {
        Artifacts = new ArtifactStore(Folder.Artifacts, disk);
        (Checkpoints, State, Ledger) = (new CheckpointFolders(Folder, Artifacts, disk), state, ledger);
        Run = new StoredRun(state, ledger, Checkpoints, Folder, time, disk);
    }

    /// <summary>The run's folder.</summary>
    public static readonly RunFolder Folder = new("/runs/simulated");

    public ArtifactStore Artifacts { get; }

    public CheckpointFolders Checkpoints { get; }

    public StoredState State { get; }

    public LedgerBook Ledger { get; }

    public StoredRun Run { get; }

    /// <summary>A coordinator starts, as CoordinatorHost does it.</summary>
    public static async Task<CoordinatorDisk> StartAsync(SimulatedDisk disk, TimeProvider time)
    {
        // Where the lock is taken; nobody has flushed these names.
        foreach (var path in new[] { Path.GetDirectoryName(Folder.Root)!, Folder.Root })
            if (!disk.FolderExists(path)) disk.CreateFolder(path);
        var state = new StoredState(new FileGrainStorage(Folder.State, disk));
        await state.ReadStateAsync();
        var started = new CoordinatorDisk(disk, state, new LedgerBook(new LedgerFile(Folder.Ledger, disk)), time);
        started.Artifacts.RemoveAbandoned();
        return started;
    }

    /// <summary>What is wrong with the recorded checkpoints: each must be in the ledger, and complete, its files those of its manifest.</summary>
    /// <returns>Null: nothing.</returns>
    public static string? Fault(SimulatedDisk disk, RunRecord record, LedgerBook ledger)
    {
        foreach (var checkpoint in record.Checkpoints)
        {
            var written = CheckpointWritten.Parser.ParseFrom(checkpoint.Written);
            if (ledger.HashOf(checkpoint.StageIndex, checkpoint.Step) is not { } hash || Convert.ToHexStringLower(hash.Span) != checkpoint.LedgerHash)
                return $"the ledger lacks {checkpoint.Folder}";
            var path = Path.Combine(Folder.Root, checkpoint.Folder);
            if (!disk.FolderExists(path)) return $"{checkpoint.Folder} is not there";
            var found = disk.ContentOf(path);
            if (!found.Remove(CheckpointFolders.ManifestFile, out var manifest) || !manifest.AsSpan().SequenceEqual(CheckpointFolders.Manifest(written)))
                return $"{checkpoint.Folder} has no manifest, or another one";
            foreach (var file in written.Files)
            {
                if (!found.Remove(file.Name, out var content) || Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)) != file.Sha256)
                    return $"{checkpoint.Folder}: {file.Name} is missing or damaged";
            }
            if (found.Count > 0) return $"{checkpoint.Folder}: {string.Join(", ", found.Keys)} is too much";
        }
        return null;
    }
}
