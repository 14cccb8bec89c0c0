using MiniMind.Collectives.Reduction;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>One generation as one worker sees it.</summary>
/// <param name="Number">Grows with every generation of a run.</param>
/// <param name="StageIndex">Stage it belongs to.</param>
/// <param name="Members">In rank order.</param>
/// <param name="Rank">Own rank; -1 when this worker is not a member.</param>
/// <param name="Lanes">Lanes of the stage.</param>
/// <param name="AtBoundary">Enter it after the step whose tail carries its number, rather than at once.</param>
/// <param name="CheckpointStep">Newest complete checkpoint of the stage, -1 for none.</param>
/// <param name="Restore">Where to start when no member has state.</param>
public sealed record GenerationPlan(
    long Number, int StageIndex, IReadOnlyList<GenerationMember> Members, int Rank, int Lanes, bool AtBoundary, long CheckpointStep,
    RestorePoint Restore)
{
    /// <summary>A halt that ranks are in, or were asked for earlier, counts no more.</summary>
    public bool GoesOn { get; init; }

    /// <summary>Number of ranks.</summary>
    public int WorldSize => Members.Count;

    /// <summary>Lanes of the rank that has the most.</summary>
    public int MostLanes => Members.Max(member => member.Lanes.Count);

    /// <summary>Lanes of the rank that has the fewest, hot spares aside.</summary>
    public int FewestLanes => Members.Where(member => member.Lanes.Count > 0).Min(member => member.Lanes.Count);

    /// <summary>The plan that an announcement holds for one process.</summary>
    /// <exception cref="ArgumentException">The shares of its members do not make up all lanes.</exception>
    public static GenerationPlan From(Generation wire, string worker, string incarnation, int lanes)
    {
        var ranges = wire.Members.Any(member => member.HasLanes)
            ? LaneAssignment.Of([.. wire.Members.Select(member => member.Lanes)], lanes)
            : LaneAssignment.Split(lanes, wire.Members.Count);
        var members = wire.Members.Select((member, rank) => new GenerationMember(member.Worker, member.Endpoint, ranges[rank])).ToArray();
        var rank = -1;
        for (var i = 0; i < wire.Members.Count; i++)
            if (wire.Members[i].Worker == worker && wire.Members[i].Incarnation == incarnation) rank = i;
        return new GenerationPlan(
            wire.Number, wire.StageIndex, members, rank, lanes, wire.AtBoundary, wire.CheckpointStep,
            new RestorePoint(wire.RestoreStep, wire.RestoreLedger.ToByteArray(), [.. wire.Restore]) { Weights = wire.RestoreWeights.ToByteArray() })
        {
            GoesOn = wire.GoesOn,
        };
    }
}

/// <summary>One rank of a generation.</summary>
/// <param name="Worker">Its worker's name.</param>
/// <param name="Endpoint">Where peers reach it.</param>
/// <param name="Lanes">The lanes it computes.</param>
public sealed record GenerationMember(string Worker, string Endpoint, LaneRange Lanes);
