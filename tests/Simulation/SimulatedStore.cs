using MiniMind.Coordinator.Ledger;
using MiniMind.Protos;

namespace MiniMind.Simulation;

/// <summary>What survives the death of every process: the coordinator's disk.</summary>
internal sealed class SimulatedStore : ILedgerStore
{
    public Dictionary<string, byte[]> Artifacts { get; } = [];

    public List<LedgerEntry> Ledger { get; } = [];

    public Generation? Generation { get; set; }

    public CheckpointWritten? Checkpoint { get; set; }

    public bool Completed { get; set; }

    public IReadOnlyList<LedgerEntry> Load() => [.. Ledger];

    public void Append(LedgerEntry entry) => Ledger.Add(entry.Clone());
}
