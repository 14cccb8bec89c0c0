using MiniMind.Collectives.Membership;
using MiniMind.Collectives.Reduction;
using MiniMind.Protos;

namespace MiniMind.Collectives.Tests.Membership;

/// <summary>Generations for tests: worker w&lt;n&gt; listens at endpoint "w&lt;n&gt;".</summary>
internal static class Plans
{
    /// <summary>Short frames, so that every exchange has several; nobody is given up on.</summary>
    public static readonly GroupOptions Options = new(ChunkLength: 100, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10))
    {
        PeerSilence = TimeSpan.FromMinutes(10),
    };

    public static GenerationPlan Of(
        long number, int rank, IReadOnlyList<string> workers, int lanes, bool atBoundary = false, long checkpoint = -1, int stage = 0,
        IReadOnlyList<int>? shares = null)
    {
        var ranges = shares is null ? LaneAssignment.Split(lanes, workers.Count) : LaneAssignment.Of(shares, lanes);
        return new GenerationPlan(
            number, stage, [.. workers.Select((worker, other) => new GenerationMember(worker, worker, ranges[other]))], rank, lanes, atBoundary,
            checkpoint, new RestorePoint(0, LedgerChain.Origin.ToByteArray(), []));
    }

    public static IReadOnlyList<string> Workers(int count) => [.. Enumerable.Range(0, count).Select(rank => $"w{rank}")];
}
