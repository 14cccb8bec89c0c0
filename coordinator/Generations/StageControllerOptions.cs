using MiniMind.Protos;

namespace MiniMind.Coordinator.Generations;

/// <summary>What a stage controller must know about its stage.</summary>
/// <param name="StageIndex">Index of the stage in its run.</param>
/// <param name="Generations">Limits of the generation rule.</param>
public sealed record StageControllerOptions(int StageIndex, GenerationOptions Generations)
{
    /// <summary>Lanes of the stage; 0: workers share them evenly among themselves.</summary>
    public int Lanes { get; init; }
}

/// <summary>How far the stage has durably come.</summary>
/// <param name="CheckpointStep">Newest complete checkpoint of the stage, -1 for none.</param>
/// <param name="RestoreStep">Step that <paramref name="Restore"/> stands for in this stage; 0 is its start.</param>
/// <param name="RestoreLedger">Ledger head at that step.</param>
/// <param name="Restore">Files of the checkpoint to start from; none: initialise from the seed.</param>
public sealed record StageProgress(long CheckpointStep, long RestoreStep, byte[] RestoreLedger, IReadOnlyList<ArtifactRef> Restore);
