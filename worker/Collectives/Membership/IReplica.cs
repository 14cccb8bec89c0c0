using MiniMind.Collectives.Reduction;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// What a member trains: one replica of the weights with its optimizer. The member calls it from one task at a time. The trainer implements it with tensors, the simulation with a
/// toy vector.
/// </summary>
public interface IReplica
{
    /// <summary>The flat gradient. Written by <see cref="ComputeLaneAsync"/>, summed over all ranks in place, read by <see cref="ApplyAsync"/>.</summary>
    Memory<float> Gradient { get; }

    /// <summary>
    /// Zeroes the gradient, then adds up forward and backward of the *summed* loss of the lane's microbatches of a step (from 1).
    /// </summary>
    Task<Sums> ComputeLaneAsync(long step, int lane, CancellationToken cancellation);

    /// <summary>Forward only, over the lane's part of the validation set; the weights stay as they are.</summary>
    Task<Sums> ValidateLaneAsync(int lane, CancellationToken cancellation);

    /// <summary>
    /// Divides the reduced gradient by the reduced denominator, clips, and updates. Cannot be cancelled. Skips the update, changing nothing, when the
    /// denominator is zero or the norm is not finite.
    /// </summary>
    Task<UpdateFacts> ApplyAsync(long step, Sums reduced);

    /// <summary>Digest (16 bytes) of the weights as they are now.</summary>
    byte[] WeightsDigest();

    /// <summary>The buffers that make up the training state (weights, moments, counters), in a fixed order. Read while a peer copies them.</summary>
    IReadOnlyList<Memory<float>> State { get; }

    /// <summary>The memory of <see cref="State"/> itself, for a copy to be received in; empty where it is not the host's.</summary>
    IReadOnlyList<Memory<float>> StateInPlace { get; }

    /// <summary>Digest (16 bytes) over buffers, such as those of <see cref="State"/>, in their order.</summary>
    byte[] StateDigest(IReadOnlyList<Memory<float>> buffers);

    /// <summary>Takes over a copied state. The buffers belong to the caller, or are <see cref="StateInPlace"/>.</summary>
    void Adopt(long step, IReadOnlyList<Memory<float>> buffers);

    /// <summary>Loads the state of a checkpoint, or the stage's initial state.</summary>
    Task RestoreAsync(RestorePoint point, CancellationToken cancellation);

    /// <summary>Takes a snapshot of the state; what it returns writes and uploads it, in the background, while training goes on.</summary>
    Task<CheckpointWriter> SnapshotAsync(Position position);
}

/// <summary>Writes and uploads a snapshot.</summary>
/// <param name="cancellation">Gives that up.</param>
/// <returns>The checkpoint's files.</returns>
public delegate Task<IReadOnlyList<ArtifactRef>> CheckpointWriter(CancellationToken cancellation);

/// <summary>What an update did.</summary>
/// <param name="Skipped">Nothing was changed.</param>
/// <param name="GradientNorm">Global norm before clipping, of the divided gradient.</param>
/// <param name="LearningRate">The step's learning rate.</param>
public readonly record struct UpdateFacts(bool Skipped, double GradientNorm, double LearningRate);

/// <summary>Where training resumes when no member has state.</summary>
/// <param name="Step">Step of the files within this stage; 0 is the start of the stage.</param>
/// <param name="LedgerHead">Hash (32 bytes) of the ledger's entry at that step.</param>
/// <param name="Files">Checkpoint files; empty: initialise from the seed.</param>
public sealed record RestorePoint(long Step, byte[] LedgerHead, IReadOnlyList<ArtifactRef> Files)
{
    /// <summary>Digest (16 bytes) of the weights that the ledger's entry says; empty when there is no entry.</summary>
    public byte[] Weights { get; init; } = [];

    /// <summary>Gives back the digest of what was loaded.</summary>
    /// <exception cref="InvalidDataException">It is not that of the ledger.</exception>
    public byte[] Verified(byte[] loaded) => Weights.Length == 0 || loaded.AsSpan().SequenceEqual(Weights) ? loaded
        : throw new InvalidDataException(
            $"the checkpoint to go on from (step {Step} of this stage) holds other weights than the ledger says: expected digest {Convert.ToHexStringLower(Weights)}, "
            + $"found {Convert.ToHexStringLower(loaded)}; put back a copy of the run's folder, or start anew with --out DIR");
}

/// <summary>How far a replica has come in its stage.</summary>
/// <param name="Step">Last applied step; -1: no state yet.</param>
/// <param name="Validated">Last step whose validation is complete; -1: none.</param>
/// <param name="LedgerHead">Hash of the ledger entry of <paramref name="Step"/>.</param>
public sealed record Position(long Step, long Validated, byte[] LedgerHead)
{
    /// <summary>The tail of <see cref="Step"/> asked all ranks to halt after it.</summary>
    public bool Halted { get; init; }

    /// <summary>No state.</summary>
    public static readonly Position None = new(-1, -1, []);

    /// <summary>Whether there is any state.</summary>
    public bool HasState => Step >= 0;

    /// <summary>Whether two replicas stand at the same point.</summary>
    public bool Same(Position other) => Step == other.Step && Validated == other.Validated;

    /// <summary>The rank to copy from: the most advanced, ties to the lowest rank; -1 when no rank has state.</summary>
    public static int Source(IReadOnlyList<Position> positions)
    {
        var best = -1;
        for (var rank = 0; rank < positions.Count; rank++)
        {
            if (!positions[rank].HasState) continue;
            if (best < 0 || (positions[rank].Step, positions[rank].Validated).CompareTo((positions[best].Step, positions[best].Validated)) > 0)
                best = rank;
        }
        return best;
    }
}
