using Google.Protobuf;
using MiniMind.Collectives.Observability;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>What one committed step left behind.</summary>
/// <param name="Entry">Its ledger entry, equal on all ranks.</param>
/// <param name="Facts">What may differ between ranks.</param>
/// <param name="Flags">Flags of all ranks together.</param>
/// <param name="NextGeneration">Greatest generation number waiting for this boundary; 0 for none.</param>
internal sealed record StepOutcome(LedgerEntry Entry, StepFacts Facts, TailFlags Flags, long NextGeneration);

/// <summary>Runs steps of one generation: compute own lanes, reduce, compare digests, check a lane when it is time, apply.</summary>
internal sealed class StepLoop : IDisposable
{
    private readonly Group _group;
    private readonly IReplica _replica;
    private readonly MemberOptions _options;
    private readonly TimeProvider _time;
    private readonly Patience _patience;
    private readonly SpotChecker _spotChecker;
    private readonly LaneAccumulator _accumulator;
    private readonly WorkerInstruments.Scope _instruments;

    /// <param name="expectedDigest">Digest of the weights when they were last changed: by an update, a copy or a restore.</param>
    public StepLoop(
        Group group, IReplica replica, byte[] expectedDigest, MemberOptions options, Patience patience, WorkerInstruments.Scope instruments, TimeProvider time)
    {
        (_group, _replica, _options, _patience, _time) = (group, replica, options, patience, time);
        _spotChecker = new SpotChecker(group, replica, options, instruments, time);
        _accumulator = new LaneAccumulator(replica, options.Lanes) { LaneComputed = _spotChecker.Note };
        _instruments = instruments;
        ExpectedDigest = expectedDigest;
    }

    /// <summary>What the weights must still be when the next step has been computed.</summary>
    public byte[] ExpectedDigest { get; private set; }

    private LaneRange OwnLanes => _group.Plan.Members[_group.Plan.Rank].Lanes;

    /// <summary>One step after <paramref name="position"/>.</summary>
    /// <param name="requests">What this rank asks of all others, and a generation that waits for the boundary: looked at as late as can be.</param>
    /// <exception cref="PeerException">The step was not applied here; the replica still stands at <paramref name="position"/>.</exception>
    public async Task<StepOutcome> RunAsync(
        Position position, Func<(TailFlags Flags, GenerationPlan? Boundary)> requests, Action<string> phase, CancellationToken over)
    {
        var step = position.Step + 1;
        var start = _time.GetTimestamp();
        using var span = _instruments.StartStep(step);
        phase("compute");
        await _spotChecker.BeginAsync(step, over);
        var begun = _time.GetElapsedTime(start);
        var (values, sums) = await _instruments.MeasureAsync("compute", _time, () => _accumulator.ComputeAsync(step, OwnLanes, over));
        var computed = _time.GetElapsedTime(start);
        // A peer that computes as slowly as this rank does is no reason for alarm.
        if (OwnLanes.Count > 0) Observe(computed);

        phase("reduce");
        var tail = OwnTail(sums);
        tail.SpotChecks.AddRange(_spotChecker.Computed);
        await _group.Copy.SentAsync();
        var (flags, boundary) = requests();
        Ask(tail, flags, boundary);
        var tails = await _instruments.MeasureAsync("reduce", _time, () => _group.Reduction.ReduceAsync(step, values, tail, over));
        CompareDigests(step, tails);
        await _spotChecker.CompareAsync(step, tails, phase, over);
        var reduced = Reduce(tails);
        var exchanged = _time.GetElapsedTime(start);

        phase("apply");
        var update = await _instruments.MeasureAsync("apply", _time, () => _replica.ApplyAsync(step, reduced));
        ExpectedDigest = _replica.WeightsDigest();
        var total = _time.GetElapsedTime(start);
        var sent = _group.Reduction.BytesSent(values.Count);
        _instruments.Committed(total, reduced, sent);
        _group.StateAllowance = TimeSpan.Zero;
        Observe(total);
        return new StepOutcome(
            EntryOf(position, step, reduced, update.Skipped),
            new StepFacts
            {
                LearningRate = update.LearningRate, GradientNorm = update.GradientNorm, StepSeconds = total.TotalSeconds,
                ComputeSeconds = (computed - begun).TotalSeconds, ReduceSeconds = (exchanged - computed).TotalSeconds,
                ApplySeconds = (total - exchanged).TotalSeconds, Lanes = OwnLanes.Count, BytesSent = sent,
            },
            tails.Aggregate(TailFlags.None, (all, other) => all | (TailFlags)other.Flags),
            tails.Max(other => other.NextGeneration));
    }

    /// <summary>Validates the weights as they are: own lanes forward, sums through the canonical tree.</summary>
    public async Task<Validated> ValidateAsync(long step, CancellationToken over)
    {
        var start = _time.GetTimestamp();
        using var span = _instruments.StartValidation(step);
        var sums = new Dictionary<LaneRange, Sums>();
        foreach (var node in CanonicalTree.Cover(OwnLanes, _options.Lanes)) sums.Add(node, await ValidateNodeAsync(node, over));
        if (OwnLanes.Count > 0) Observe(_time.GetElapsedTime(start));
        await _group.Copy.SentAsync();
        var tails = await _group.Tails.ExchangeAsync(FrameKind.ValidationTail, step, OwnTail(sums), over);
        return new Validated
        {
            Generation = _group.Plan.Number, Rank = _group.Plan.Rank, StageIndex = _options.StageIndex, Step = step,
            Sums = Reduce(tails).ToWire(), Seconds = _time.GetElapsedTime(start).TotalSeconds,
        };
    }

    public void Dispose() => _accumulator.Dispose();

    private async Task<Sums> ValidateNodeAsync(LaneRange node, CancellationToken over)
    {
        over.ThrowIfCancellationRequested();
        if (node.Count == 1) return await _replica.ValidateLaneAsync(node.First, over);
        var (left, right) = CanonicalTree.Children(node);
        var leftSums = await ValidateNodeAsync(left, over);
        return leftSums + await ValidateNodeAsync(right, over);
    }

    private void Ask(Tail tail, TailFlags flags, GenerationPlan? boundary)
    {
        if (boundary is not null)
        {
            flags |= TailFlags.NewGeneration;
            flags |= boundary.WorldSize > _group.Plan.WorldSize ? TailFlags.Join : TailFlags.Leave;
        }
        (tail.Flags, tail.NextGeneration) = ((uint)flags, boundary?.Number ?? 0);
    }

    private Tail OwnTail(IReadOnlyDictionary<LaneRange, Sums> sums)
    {
        var tail = new Tail { WeightsDigest = ByteString.CopyFrom(_replica.WeightsDigest()), ExpectedDigest = ByteString.CopyFrom(ExpectedDigest) };
        tail.Nodes.AddRange(sums.Select(
            node => new NodeSums { FirstLane = node.Key.First, EndLane = node.Key.End, Sums = node.Value.ToWire() }));
        return tail;
    }

    private Sums Reduce(IReadOnlyList<Tail> tails) => Sums.Reduce(
        tails.SelectMany(tail => tail.Nodes).ToDictionary(node => new LaneRange(node.FirstLane, node.EndLane), node => Sums.FromWire(node.Sums)),
        _options.Lanes);

    /// <summary>
    /// All ranks must have computed from the same weights. The odd ones are those whose weights are no longer what they were after their own
    /// previous update; when nobody's are, those that differ from most others; when that is nobody either, no rank can be named.
    /// </summary>
    private void CompareDigests(long step, IReadOnlyList<Tail> tails)
    {
        if (tails.All(tail => tail.WeightsDigest == tails[0].WeightsDigest && tail.WeightsDigest == tail.ExpectedDigest)) return;
        var ranks = Enumerable.Range(0, tails.Count).ToList();
        var odd = ranks.FindAll(rank => tails[rank].WeightsDigest != tails[rank].ExpectedDigest);
        if (odd.Count == 0)
        {
            var most = tails.GroupBy(tail => tail.WeightsDigest).MaxBy(group => group.Count())!;
            if (2 * most.Count() > tails.Count) odd = ranks.FindAll(rank => tails[rank].WeightsDigest != most.Key);
        }
        var names = odd.Count == 0 ? "the ranks differ" : $"rank {string.Join(", ", odd)} are wrong";
        throw PeerException.Diverged(_group.Plan.Rank, odd, $"step {step} is not applied: the weights of {names}");
    }

    private LedgerEntry EntryOf(Position position, long step, Sums reduced, bool skipped)
    {
        var (first, end) = _options.Samples(step);
        var entry = new LedgerEntry
        {
            Previous = ByteString.CopyFrom(position.LedgerHead), StageIndex = _options.StageIndex, Step = step, FirstSample = first,
            EndSample = end, Sums = reduced.ToWire(), WeightsDigest = ByteString.CopyFrom(ExpectedDigest), Skipped = skipped,
        };
        entry.Hash = LedgerChain.Hash(entry);
        return entry;
    }

    private void Observe(TimeSpan time) => _group.PeerDeadline = _patience.Observe(time);
}
