using MiniMind.Collectives.Membership;
using MiniMind.Protos;
using MiniMind.Simulation.PowerCuts;

namespace MiniMind.Simulation;

/// <summary>
/// What a run promises, whatever happens to it. Looked at after every event, and whenever somebody is about to do what must not be undone:
/// <list type="number">
/// <item>Digest equality: whoever has state has that of an undisturbed run, to the last bit; so have the ledger, checkpoints and validations.</item>
/// <item>Exactly once: a step is applied to the state of the step before it; in one generation every lane of a step is computed once, and one of them once more in a spot check; the ledger has every step once.</item>
/// <item>Lockstep: nobody is a step ahead of a rank that is not at the step before; ranks that halt do so together, and stay halted until a generation goes on. Who is counted on does not leave.</item>
/// <item>Fencing: generations are numbered upwards, stored before anybody hears of them, and formed for what is true of the newest one.</item>
/// <item>One writer: only the lowest rank writes checkpoints, each once, and it stays the lowest as long as it can.</item>
/// <item>Nothing is lost: what was acknowledged, announced or recorded is on the disk, the chain is intact, and nobody goes back while somebody is ahead.</item>
/// <item>Divergence: nobody is refused but whose weights have changed by themselves.</item>
/// <item>Progress: once faults stop, the stage ends.</item>
/// </list>
/// The last two are looked at by <see cref="SimulatedWorker"/> and <see cref="SimulationRun"/>.
/// </summary>
internal sealed class Invariants(SimulationRun run)
{
    private readonly Dictionary<long, Generation> _formed = [];
    private readonly HashSet<(long Generation, long Step, int Lane)> _computed = [];
    private readonly HashSet<(long Generation, long Step)> _checked = [];
    private readonly HashSet<(string Incarnation, long Step)> _snapshots = [];
    private readonly HashSet<(long Generation, long Step)> _written = [];
    private readonly HashSet<long> _troubled = [];
    private readonly HashSet<long> _lifeless = [];
    private readonly Dictionary<long, TailSums> _validations = [];
    private long _newest;

    public IReadOnlyDictionary<long, TailSums> Validations => _validations;

    /// <summary>After an event of a worker.</summary>
    public void Look(SimulatedWorker worker)
    {
        var (position, generation) = (worker.Member.Position, worker.Member.Generation);
        var (before, entered) = worker.LastSeen;
        worker.LastSeen = (position, generation);
        if (ReferenceEquals(position, before)) return;
        if (position.Halted) worker.HaltedAt = position.Step;
        else if (MayGoOn(worker, position.Step)) worker.HaltedAt = -1;
        if (run.IsReference || !position.HasState) return;
        if (position.Step > 0 && !Reference.EntryOf(position.Step).Hash.Span.SequenceEqual(position.LedgerHead))
            run.Fail($"{worker.Name} is at step {position.Step} with another ledger than in an undisturbed run");
        if (!worker.Replica.IsFlipped && !worker.Replica.WeightsDigest().AsSpan().SequenceEqual(Reference.WeightsAfter(position.Step)))
            run.Fail($"{worker.Name} is at step {position.Step} with other weights than in an undisturbed run");
        if (position.Step < before.Step && worker.Replica.IsCopied) run.Fail($"{worker.Name} went back from step {before.Step} to {position.Step}, which it copied");
        // Who has entered another generation at the same moment applied the step in the one before.
        if (generation == entered && position.Step == before.Step + 1 && worker.Replica.Applied == position.Step) LookAtPeers(worker, position.Step);
    }

    /// <summary>A worker begins a lane of a step.</summary>
    public void Computing(SimulatedWorker worker, long step, int lane)
    {
        var generation = worker.Member.Generation;
        if (!_computed.Add((generation, step, lane)) && !(IsChecked(worker, generation, step, lane) && _checked.Add((generation, step)))) run.Fail($"lane {lane} of step {step} is computed twice in generation {generation}");
        var members = MembersOf(generation);
        // Who has not greeted yet does not know whether the halt goes on.
        if (members.Any(member => member.Member.Generation == generation && member.Failed < generation && member.Member.Phase == "wait" && member.Member.Position is { Halted: true } position && position.Step == step - 1))
            run.Fail($"{worker.Name} goes on with step {step}, before which others of generation {generation} halted");
        if (_formed.TryGetValue(generation, out var formed) && !formed.GoesOn && members.Count == formed.Members.Count && members.All(member => member.HaltedAt == step - 1))
            run.Fail($"generation {generation} goes on with step {step}, although all of its ranks had halted before");
    }

    /// <summary>A worker is about to update its weights.</summary>
    public void Applying(SimulatedWorker worker, long step)
    {
        if (!run.IsReference && !worker.Replica.WeightsDigest().AsSpan().SequenceEqual(Reference.WeightsAfter(step - 1)))
            run.Fail($"{worker.Name} applies step {step} to other weights than those of step {step - 1}");
    }

    /// <summary>A worker takes the snapshot for a checkpoint.</summary>
    public void Snapshot(SimulatedWorker worker, long step)
    {
        var generation = worker.Member.Generation;
        run.World.Trace(worker.Name, $"takes a snapshot of step {step}");
        if (!_snapshots.Add((worker.Incarnation, step))) run.Fail($"{worker.Name} writes the checkpoint of step {step} twice");
        if (!_written.Add((generation, step))) run.Fail($"the checkpoint of step {step} is written twice in generation {generation}");
        if (_formed.TryGetValue(generation, out var formed) && formed.Members[0].Incarnation != worker.Incarnation)
            run.Fail($"{worker.Name} writes a checkpoint in generation {generation}, whose lowest rank is {formed.Members[0].Worker}");
        if (!run.IsReference && !worker.Replica.WeightsDigest().AsSpan().SequenceEqual(Reference.WeightsAfter(step)))
            run.Fail($"{worker.Name} writes a checkpoint of step {step} that holds other weights than those of an undisturbed run");
    }

    /// <summary>A worker could not write a checkpoint: it may try again in another generation.</summary>
    public void NotWritten(SimulatedWorker worker, long step) => _snapshots.Remove((worker.Incarnation, step));

    /// <summary>
    /// A worker begins from a checkpoint. Nobody may while somebody's state is ahead of it, unless that one cannot be reached, hangs or is stopped.
    /// </summary>
    public void Restoring(SimulatedWorker restorer, long step)
    {
        if (run.Network.WasDisturbed || restorer.Process.Disturbed) return;
        // Of two processes of one name only the one that spoke last is known.
        var ahead = run.Alive.FirstOrDefault(worker => worker != restorer && !run.Contested.Contains(worker.Name) && !worker.Process.Disturbed && worker.Replica.Hang == TimeSpan.Zero && !worker.Replica.IsFlipped
            && worker.Member.Position.Step > step);
        if (ahead is not null) run.Fail($"{restorer.Name} begins from step {step} although {ahead.Name} stands at {ahead.Member.Position.Step}");
    }

    /// <summary>A worker ends because it was asked to go.</summary>
    public void Left(SimulatedWorker worker)
    {
        if (_formed.TryGetValue(worker.Member.Generation, out var formed) && formed.Members.Any(member => member.Incarnation == worker.Incarnation))
            run.Fail($"{worker.Name} has left in generation {formed.Number}, which counts on it");
    }

    /// <summary>A worker says that its generation cannot go on.</summary>
    public void Troubled(Trouble trouble)
    {
        _troubled.Add(trouble.Generation);
        if (trouble.Kind == Trouble.Types.Kind.Lifeless) _lifeless.Add(trouble.Generation);
    }

    /// <summary>A coordinator starts and finds this generation; its predecessor may have died before it knew that it is stored.</summary>
    public void Found(Generation? generation)
    {
        if (generation?.Number > _newest) Remember(generation);
    }

    /// <summary>A generation has been stored.</summary>
    public void Stored(Generation generation)
    {
        if (generation.Number <= _newest) run.Fail($"generation {generation.Number} was stored after generation {_newest}");
        if (_formed.TryGetValue(_newest, out var before)) LookAtNext(before, generation);
        if (generation.RestoreStep > 0 && !run.IsReference && generation.RestoreLedger != Reference.EntryOf(generation.RestoreStep).Hash)
            run.Fail($"generation {generation.Number} starts from step {generation.RestoreStep} with another ledger than in an undisturbed run");
        Remember(generation);
    }

    /// <summary>A coordinator is about to send an order.</summary>
    public void Ordered(CoordinatorOrder order)
    {
        if (order.Generation is { } generation && generation.Number > _newest) run.Fail($"generation {generation.Number} is announced before it is stored");
        if (order.Durable is not { } durable) return;
        if (run.Store.FlushedEntries < durable.Step) run.Fail($"step {durable.Step} is acknowledged, but the ledger on the disk ends at step {run.Store.FlushedEntries}");
        run.Store.Acknowledge(durable.Step);
    }

    /// <summary>A step has become part of the ledger.</summary>
    public void Committed(LedgerEntry entry)
    {
        if (run.Store.FlushedEntries < entry.Step) run.Fail($"step {entry.Step} is said to be committed, but the ledger on the disk ends at step {run.Store.FlushedEntries}");
        if (!run.IsReference && entry.Hash != Reference.EntryOf(entry.Step).Hash) run.Fail($"step {entry.Step} was committed with another result than in an undisturbed run");
    }

    public void Validated(Validated validated)
    {
        if (!_validations.TryAdd(validated.Step, validated.Sums) && !_validations[validated.Step].Equals(validated.Sums))
            run.Fail($"validation of step {validated.Step} gave two results");
        if (!run.IsReference && !Reference.Validations[validated.Step].Equals(validated.Sums)) run.Fail($"validation of step {validated.Step} differs from that of an undisturbed run");
    }

    /// <summary>A checkpoint has been recorded.</summary>
    public void Recorded(long step, CoordinatorDisk open)
    {
        if (run.Store.FlushedEntries < step) run.Fail($"the checkpoint of step {step} is recorded, but the ledger ends at step {run.Store.FlushedEntries}");
        if (CoordinatorDisk.Fault(run.Store.Disk, open.State.State, open.Ledger) is { } fault) run.Fail($"the checkpoint of step {step} is recorded, but {fault}");
        run.Store.Record(step);
    }

    /// <summary>The user's stop is over.</summary>
    public void Halted(long step)
    {
        if (step > 0 && run.Store.Recorded < step) run.Fail($"the run ended after step {step}, but its newest checkpoint is that of step {run.Store.Recorded}");
    }

    /// <summary>The stage is complete.</summary>
    /// <returns>What is wrong with it; null: nothing.</returns>
    public string? AtEnd()
    {
        var ledger = run.Store.Ledger;
        var total = SimulationRun.Options.TotalSteps;
        if (ledger.Count != total) return $"the ledger has {ledger.Count} entries, expected {total}";
        if (run.Store.Recorded != total) return $"the newest checkpoint is that of step {run.Store.Recorded}, expected {total}";
        foreach (var (index, entry) in ledger.Index())
        {
            if (entry.Step != index + 1 || entry.FirstSample != index * SimulationRun.Lanes || entry.EndSample != (index + 1) * SimulationRun.Lanes)
                return $"entry {index} is of step {entry.Step}, samples {entry.FirstSample}..{entry.EndSample}";
            if (entry.Hash != Reference.Ledger[index].Hash) return $"the entry of step {entry.Step} differs from that of an undisturbed run";
        }
        return null;
    }

    private bool IsChecked(SimulatedWorker worker, long generation, long step, int lane) => _formed.TryGetValue(generation, out var formed)
        && GenerationPlan.From(formed, worker.Name, worker.Incarnation, SimulationRun.Lanes) is { } plan
        && SpotCheck.Of(step, SimulationRun.Options.SpotCheckInterval, SimulationRun.Options.Seed, plan)?.Lane == lane;

    /// <summary>Nobody applies a step before all ranks have applied the one before it.</summary>
    private void LookAtPeers(SimulatedWorker worker, long step)
    {
        var generation = worker.Member.Generation;
        var behind = MembersOf(generation).Find(member => member.Member.Generation == generation && member.Member.Position.Step < step - 1);
        if (behind is not null) run.Fail($"{worker.Name} has applied step {step}, but {behind.Name} stands at {behind.Member.Position.Step}");
    }

    /// <summary>Somebody who knows nothing of a halt, or a coordinator that wants none, ends it.</summary>
    private bool MayGoOn(SimulatedWorker worker, long step) => _formed.TryGetValue(worker.Member.Generation, out var formed)
        && (formed.GoesOn || formed.Members.Any(member => run.Alive.All(other => other.Incarnation != member.Incarnation || other.HaltedAt != step)));

    private void LookAtNext(Generation before, Generation next)
    {
        var writer = before.Members[0];
        if (next.Members[0].Incarnation != writer.Incarnation && next.Members.Any(member => member.Incarnation == writer.Incarnation)
            && run.Workers.Any(worker => worker.Incarnation == writer.Incarnation && !worker.Replica.HasFailedToWrite))
            run.Fail($"generation {next.Number} takes the checkpoints from {writer.Worker}, which can write them");
        if (next.Reason == "a member cannot go on" && !_troubled.Contains(before.Number)
            && !(before.AtBoundary && _lifeless.Any(generation => generation < before.Number
                && _formed.Values.Where(between => generation < between.Number && between.Number < before.Number).All(between => between.AtBoundary))))
            run.Fail($"generation {next.Number} is formed because generation {before.Number} cannot go on, but none of its members said so");
        if (next.Members.Sum(member => member.Lanes) is var lanes && lanes != SimulationRun.Lanes) run.Fail($"generation {next.Number} computes {lanes} lanes");
    }

    private void Remember(Generation generation)
    {
        _formed[generation.Number] = generation.Clone();
        _newest = Math.Max(_newest, generation.Number);
    }

    private List<SimulatedWorker> MembersOf(long generation) => !_formed.TryGetValue(generation, out var formed) ? []
        : [.. run.Alive.Where(worker => formed.Members.Any(member => member.Incarnation == worker.Incarnation))];
}
