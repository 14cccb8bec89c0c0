using Google.Protobuf;
using MiniMind.Collectives.Observability;
using MiniMind.Collectives.Reduction;
using MiniMind.Collectives.Transport;
using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// One worker's part in training one stage: enters generation after generation, recovers its state from a peer when it is behind, and
/// steps until the stage ends or it is told to go.
/// </summary>
/// <remarks>
/// No rank applies step t+1 before all have applied t: the reduction of t+1 needs every rank's gradient, computed after t. So after any failure
/// the survivors stand at most one step apart, and the most advanced one is copied.
/// </remarks>
public sealed class Member : IDisposable
{
    private readonly IReplica _replica;
    private readonly ITransport _transport;
    private readonly Door _door;
    private readonly GenerationInbox _inbox;
    private readonly IReportSink _reports;
    private readonly MemberOptions _options;
    private readonly TimeProvider _time;
    private readonly Patience _patience;
    private readonly CancellationTokenSource _leaving = new();
    private readonly Presence _presence;
    private volatile bool _stop;
    private volatile bool _checkpointNow;
    private byte[] _digest = [];
    private double _bestLoss = double.PositiveInfinity;

    public Member(
        IReplica replica, ITransport transport, Door door, GenerationInbox inbox, IReportSink reports, MemberOptions options, TimeProvider time)
    {
        (_replica, _transport, _door, _inbox, _reports, _options, _time) = (replica, transport, door, inbox, reports, options, time);
        Checkpoints = new CheckpointKeeper(replica, reports, options);
        _presence = new Presence(() => _inbox.Newest is { } newest && newest.Number > Generation && newest.StageIndex == _options.StageIndex);
        _patience = new Patience(options.Group.PeerDeadline, options.Group.FirstDeadline);
    }

    /// <summary>Where the replica stands.</summary>
    public Position Position { get; private set; } = Position.None;

    /// <summary>The generation it is in, 0 before the first.</summary>
    public long Generation { get; private set; }

    /// <summary>What it is doing, for heartbeats.</summary>
    public string Phase { get; private set; } = "wait";

    /// <summary>There is state, and the weights are those of <see cref="Position"/>: false after a step that was applied but not counted.</summary>
    public bool IsCounted => Position.HasState && _replica.WeightsDigest().AsSpan().SequenceEqual(_digest);

    private GenerationPlan? Boundary => _inbox.Newest is { AtBoundary: true } newest && newest.Number > Generation ? newest : null;

    private TailFlags Requests => (_stop ? TailFlags.Stop : TailFlags.None) | (_checkpointNow ? TailFlags.CheckpointNow : TailFlags.None);

    /// <summary>Writes the checkpoints that are this member's to write.</summary>
    internal CheckpointKeeper Checkpoints { get; }

    /// <summary>Asks, through the tail, that all ranks checkpoint and halt after the step in flight.</summary>
    public void Stop() => _stop = true;

    /// <summary>Nobody asks for a halt any more.</summary>
    public void GoOn() => _stop = false;

    /// <summary>Asks the same as <see cref="Stop"/> when nobody is left who could begin another generation.</summary>
    /// <returns>
    /// True: the ranks have halted, or the stage is complete, and this member has written what was its to write. False: its generation ended otherwise, or it is in
    /// none, so nobody else may have its state.
    /// </returns>
    public Task<bool> HaltAbandonedAsync()
    {
        _stop = true;
        return _presence.EndAsync();
    }

    /// <summary>Asks, through the tail, for a checkpoint after the step in flight.</summary>
    public void CheckpointNow() => _checkpointNow = true;

    /// <summary>This worker wants to go: it ends as soon as the newest generation is one without it.</summary>
    public void Leave()
    {
        try
        {
            _leaving.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has come to its end already; a signal may come at any time.
        }
    }

    public void Dispose() => _leaving.Dispose();

    /// <summary>Takes part until it has left or <paramref name="dismissed"/> is cancelled.</summary>
    public async Task<MemberEnd> RunAsync(CancellationToken dismissed)
    {
        using var outside = CancellationTokenSource.CreateLinkedTokenSource(dismissed, _leaving.Token);
        try
        {
            // Whoever is counted on goes only when a generation begins without it: it may be the last one that has the state.
            var counted = false;
            while (true)
            {
                Phase = "wait";
                var plan = await _inbox.NextAsync(
                    Generation, plan => plan.StageIndex == _options.StageIndex, counted ? dismissed : outside.Token);
                Generation = plan.Number;
                counted = plan.Rank >= 0;
                if (counted)
                {
                    _presence.Enter();
                    await TakePartAsync(plan, dismissed);
                }
                _presence.Leave();
            }
        }
        catch (OperationCanceledException) when (dismissed.IsCancellationRequested || outside.IsCancellationRequested)
        {
            return dismissed.IsCancellationRequested ? MemberEnd.Dismissed : MemberEnd.Left;
        }
        finally
        {
            // A worker that leaves finishes what it writes, one that is dismissed gives it up: neither may lose the files under the writer.
            await Checkpoints.FinishAsync(CancellationToken.None);
            _presence.Close();
        }
    }

    private async Task TakePartAsync(GenerationPlan plan, CancellationToken dismissed)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(dismissed);
        var watch = CancelWhenOverAsync(plan.Number, over);
        try
        {
            var patience = _patience.Enter(plan.FewestLanes, plan.MostLanes);
            await using var group = new Group(plan, _transport, _replica.Gradient, _options.Group, _time) { PeerDeadline = patience };
            if (!Position.HasState) group.Copy.InPlace = _replica.StateInPlace;
            _door.Open(group);
            Checkpoints.Enter(plan, dismissed);
            var instruments = new WorkerInstruments.Scope(_options.RunId, _options.Stage, plan.Rank, plan.Number);
            instruments.Entered(await instruments.MeasureAsync("enter", _time, () => EnterAsync(group, over.Token)));
            await StepAsync(group, instruments, over.Token);
        }
        catch (PeerException fault)
        {
            ReportTrouble(plan, fault);
        }
        catch (OperationCanceledException) when (!dismissed.IsCancellationRequested)
        {
            // A newer generation begins at once.
        }
        finally
        {
            over.Cancel();
            await watch;
        }
    }

    /// <summary>Connects, compares positions, and brings this replica to the most advanced one.</summary>
    /// <returns>Whether it took over another state than its own.</returns>
    private async Task<bool> EnterAsync(Group group, CancellationToken over)
    {
        Phase = "connect";
        await group.ConnectAsync(over);
        var positions = await group.GreetAsync(Position, over);
        var source = Position.Source(positions);
        // Who enters with another state than the others' does not know of a halt: then nobody stays halted, and who still wants it asks again.
        Position = Position with { Halted = !group.Plan.GoesOn && positions.All(position => position.Halted && position.Same(Position)) };
        if (positions.Any(position => !position.Same(Position) || source < 0)) group.AllowForState(12.0 * _replica.Gradient.Length); // weights and two moments
        Phase = "copy";
        if (source < 0)
        {
            group.Copy.InPlace = [];
            await _replica.RestoreAsync(group.Plan.Restore, over);
            _digest = group.Plan.Restore.Verified(_replica.WeightsDigest());
            Position = new Position(group.Plan.Restore.Step, Validated: -1, group.Plan.Restore.LedgerHead);
            return true;
        }
        if (source == group.Plan.Rank)
        {
            if (!_replica.WeightsDigest().AsSpan().SequenceEqual(_digest))
                throw new PeerException(Trouble.Types.Kind.Diverged, [source], $"the weights of rank {source} changed since step {Position.Step}; they are not copied");
            group.Copy.Begin(group.Peers.Where(rank => !positions[rank].Same(Position)), Position, _replica, _reports.Unacknowledged, over);
        }
        else if (!positions[source].Same(Position))
        {
            (Position, var unacknowledged) = await group.Copy.ReceiveAsync(source, _replica, over);
            _digest = _replica.WeightsDigest();
            // From now on this rank, too, can hand them over.
            foreach (var entry in unacknowledged) ReportApplied(group.Plan, entry, facts: null);
            return true;
        }
        return false;
    }

    private async Task StepAsync(Group group, WorkerInstruments.Scope instruments, CancellationToken over)
    {
        using var step = new StepLoop(group, _replica, _digest, _options, _patience, instruments, _time);
        while (true)
        {
            if (_options.ValidationDue(Position.Step) && Position.Validated < Position.Step) await ValidateAsync(step, over);
            await Checkpoints.BeginIfDueAsync(Position);
            // A generation that was announced while the ranks halted is entered, but not stepped in.
            if (Position.Step >= _options.TotalSteps || Position.Halted)
            {
                // Whoever rests here may be gone at any time.
                await group.Copy.SentAsync();
                await ParkAsync(over);
                return;
            }
            var outcome = await step.RunAsync(Position, () => (Requests, Boundary), phase => Phase = phase, over);
            _digest = step.ExpectedDigest;
            Position = new Position(outcome.Entry.Step, Position.Validated, outcome.Entry.Hash.ToByteArray());
            ReportApplied(group.Plan, outcome.Entry, outcome.Facts);
            if (await ActOnFlagsAsync(step, outcome, group.Plan.Number, over)) return;
        }
    }

    /// <summary>True: this generation is over.</summary>
    private async Task<bool> ActOnFlagsAsync(StepLoop step, StepOutcome outcome, long generation, CancellationToken over)
    {
        if (outcome.Flags.HasFlag(TailFlags.CheckpointNow))
        {
            _checkpointNow = false;
            Checkpoints.Request(Position.Step);
        }
        if (outcome.Flags.HasFlag(TailFlags.Stop))
        {
            // First of all: should this generation end in what follows, all still know.
            Position = Position with { Halted = true };
            if (_options.ValidationDue(Position.Step)) await ValidateAsync(step, over);
            await ParkAsync(over);
            return true;
        }
        if (outcome.NextGeneration <= generation) return false;
        // All ranks have seen the number, so all go; the announcement itself may still be on its way to some.
        Phase = "boundary";
        _presence.Leave();
        await _inbox.NextAsync(generation, plan => plan.Number >= outcome.NextGeneration, over);
        return true;
    }

    private async Task ValidateAsync(StepLoop step, CancellationToken over)
    {
        Phase = "validate";
        var validated = await step.ValidateAsync(Position.Step, over);
        Position = Position with { Validated = Position.Step };
        _reports.Report(new WorkerReport { Validated = validated });
        // The best weights are kept, wherever the checkpoint interval falls.
        var loss = Sums.FromWire(validated.Sums).MeanLoss;
        if (validated.Sums.Targets > 0 && loss < _bestLoss && await Checkpoints.TryKeepBestAsync(Position)) _bestLoss = loss;
    }

    /// <summary>Nothing to step: waits until a newer generation, of whatever kind, or the dismissal ends this one.</summary>
    private async Task ParkAsync(CancellationToken over)
    {
        Phase = "wait";
        await Checkpoints.SettleAsync(Position, wanted: Position.Halted, over);
        _presence.Settle();
        if (Position.Halted) _reports.Report(new WorkerReport { Halted = new Halted { Generation = Generation, Step = Position.Step } });
        await _inbox.NextAsync(Generation, _ => true, over);
    }

    private async Task CancelWhenOverAsync(long generation, CancellationTokenSource over)
    {
        try
        {
            await _inbox.OverAsync(generation, over.Token);
            over.Cancel();
        }
        catch (OperationCanceledException)
        {
            // The generation ended otherwise.
        }
    }

    private void ReportApplied(GenerationPlan plan, LedgerEntry entry, StepFacts? facts) => _reports.Report(new WorkerReport
    {
        Applied = new Applied { Generation = plan.Number, Rank = plan.Rank, Entry = entry, Facts = facts },
    });

    private void ReportTrouble(GenerationPlan plan, PeerException fault)
    {
        var trouble = new Trouble { Generation = plan.Number, Kind = fault.Kind, Message = $"{Phase}: {fault.Message}" };
        trouble.Workers.AddRange(fault.Ranks.Select(rank => plan.Members[rank].Worker));
        _reports.Report(new WorkerReport { Trouble = trouble });
    }
}
