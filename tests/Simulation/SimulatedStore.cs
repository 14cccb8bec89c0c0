using MiniMind.Coordinator.Artifacts;
using MiniMind.Coordinator.Ledger;
using MiniMind.Protos;
using MiniMind.Simulation.PowerCuts;

namespace MiniMind.Simulation;

/// <summary>What survives the death of every process: the coordinator's disk, under the production storage; and what was promised to be on it.</summary>
internal sealed class SimulatedStore
{
    private long _acknowledged;
    private long _announced;

    public SimulatedDisk Disk { get; } = new();

    /// <summary>The artifacts, as whoever is there may use them.</summary>
    public ArtifactStore Artifacts => new(CoordinatorDisk.Folder.Artifacts, Disk);

    /// <summary>The ledger, read from the disk.</summary>
    public IReadOnlyList<LedgerEntry> Ledger => new LedgerFile(CoordinatorDisk.Folder.Ledger, Disk).Load();

    public bool Completed { get; set; }

    /// <summary>Step of the newest recorded checkpoint, -1 for none.</summary>
    public long Recorded { get; private set; } = -1;

    /// <summary>Entries of the ledger that would survive a power cut.</summary>
    public int FlushedEntries => Disk.Flushed(CoordinatorDisk.Folder.Ledger).Count((byte)'\n');

    /// <summary>Somebody was told that a step is durable.</summary>
    public void Acknowledge(long step) => _acknowledged = Math.Max(_acknowledged, step);

    /// <summary>A generation was announced.</summary>
    public void Announce(Generation generation) => _announced = Math.Max(_announced, generation.Number);

    /// <summary>A checkpoint was recorded.</summary>
    public void Record(long step) => Recorded = Math.Max(Recorded, step);

    /// <summary>What a coordinator that starts finds wrong: something that was promised is lost, or half of something is there.</summary>
    /// <returns>Null: nothing.</returns>
    public string? Fault(CoordinatorDisk open)
    {
        if (open.Ledger.NewestStep(0) < _acknowledged) return $"the ledger ends at step {open.Ledger.NewestStep(0)}, but step {_acknowledged} was acknowledged";
        if ((open.Run.Newest?.Number ?? 0) < _announced) return $"generation {_announced} was announced, the newest stored one is {open.Run.Newest?.Number ?? 0}";
        if (open.Run.Progress(0).CheckpointStep < Recorded) return $"the checkpoint of step {Recorded} was recorded, the newest is that of {open.Run.Progress(0).CheckpointStep}";
        return CoordinatorDisk.Fault(Disk, open.State.State, open.Ledger);
    }
}
