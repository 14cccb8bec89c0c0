namespace MiniMind.Collectives.Reduction;

/// <summary>
/// How the flat gradient is cut: one contiguous segment per rank, each reduced by its owner, each sent in chunks. The cut decides
/// nothing about bits, because addition is element-wise.
/// </summary>
/// <param name="Length">Floats of the whole gradient.</param>
/// <param name="WorldSize">Ranks.</param>
/// <param name="ChunkLength">Floats of one chunk (the last of a segment may be shorter).</param>
public sealed record Segments(int Length, int WorldSize, int ChunkLength)
{
    // 64 floats: 256 bytes, so that no cache line has two owners.
    private const int Alignment = 64;

    /// <summary>First float of a rank's segment; Start(WorldSize) is the gradient's length.</summary>
    public int Start(int rank) =>
        rank == WorldSize ? Length : (int)((long)Length * rank / WorldSize / Alignment * Alignment);

    /// <summary>Floats in a rank's segment.</summary>
    public int LengthOf(int rank) => Start(rank + 1) - Start(rank);

    /// <summary>Chunks in a rank's segment.</summary>
    public int ChunksOf(int rank) => (LengthOf(rank) + ChunkLength - 1) / ChunkLength;

    /// <summary>Chunk <paramref name="index"/> of a rank's segment: first float in the whole gradient, and floats.</summary>
    public (int Offset, int Length) Chunk(int rank, int index)
    {
        var offset = Start(rank) + index * ChunkLength;
        return (offset, Math.Min(ChunkLength, Start(rank + 1) - offset));
    }

    /// <summary>The chunk of a rank's segment that starts at a float, or -1 when none does with that length.</summary>
    public int ChunkAt(int rank, long offset, int length)
    {
        var local = offset - Start(rank);
        if (local < 0 || local % ChunkLength != 0) return -1;
        var index = (int)(local / ChunkLength);
        return index < ChunksOf(rank) && Chunk(rank, index).Length == length ? index : -1;
    }
}
