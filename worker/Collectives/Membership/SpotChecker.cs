using Google.Protobuf;
using MiniMind.Collectives.Observability;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// Finds wrong gradients from right weights, which digests of the weights cannot: all ranks apply the same wrong sum. Once in a while another rank computes one lane
/// again, and the step is applied only when both gradients are the same to the last bit.
/// </summary>
internal sealed class SpotChecker(Group group, IReplica replica, MemberOptions options, WorkerInstruments.Scope instruments, TimeProvider time)
{
    private readonly List<LaneGradient> _computed = [];
    private SpotCheck? _check;

    /// <summary>What this rank has computed of the lane that is checked in this step; goes into its tail.</summary>
    public IReadOnlyList<LaneGradient> Computed => _computed;

    /// <summary>A step begins. Computes the lane that this rank is to check, if any: before its own ones, whose sum the replica's gradient must hold in the end.</summary>
    public async Task BeginAsync(long step, CancellationToken over)
    {
        _computed.Clear();
        _check = SpotCheck.Of(step, options.SpotCheckInterval, options.Seed, group.Plan);
        if (_check is { } check && check.Checker == group.Plan.Rank) _computed.Add(await ComputeAsync(step, check.Lane, over));
    }

    /// <summary>One of this rank's own lanes has been computed; its gradient is still the replica's.</summary>
    public void Note(int lane, Sums sums)
    {
        if (_check?.Lane == lane) _computed.Add(Describe(lane, sums));
    }

    /// <summary>Compares what ranks have computed of the same lane. Where that differs, all ranks compute the lane once more, to find out who is wrong.</summary>
    /// <param name="tails">Of the step, in rank order.</param>
    /// <exception cref="PeerException">The gradients differ: the step must not be applied.</exception>
    public async Task CompareAsync(long step, IReadOnlyList<Tail> tails, Action<string> phase, CancellationToken over)
    {
        if (SpotCheckVerdict.DisputedLane(tails) is not { } lane) return;
        phase("compute");
        var again = new Tail { SpotChecks = { await ComputeAsync(step, lane, over) } };
        phase("spot check");
        var second = await group.Tails.ExchangeAsync(FrameKind.SpotCheckTail, step, again, over);
        var verdict = SpotCheckVerdict.Of(lane, tails, second, rank => $"rank {rank} ({group.Plan.Members[rank].Worker})");
        throw PeerException.Diverged(group.Plan.Rank, verdict.Odd, $"step {step} is not applied: {verdict.Reason}");
    }

    private Task<LaneGradient> ComputeAsync(long step, int lane, CancellationToken over) => instruments.MeasureAsync(
        "spot check", time, async () => Describe(lane, await replica.ComputeLaneAsync(step, lane, over)));

    private LaneGradient Describe(int lane, Sums sums) => new()
    {
        Lane = lane, Digest = ByteString.CopyFrom(replica.StateDigest([replica.Gradient])), Sums = sums.ToWire(),
    };
}
