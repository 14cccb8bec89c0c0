using Google.Protobuf;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Generations;

/// <summary>
/// Keeps what is known about the workers of one stage, and forms generations. It does no input or output: whoever owns it stores a formed
/// generation durably before announcing it.
/// </summary>
public sealed class StageController
{
    // A coordinator that was started anew waits longer for those whom it has not heard yet than a worker takes to try again.
    private static readonly TimeSpan Adoption = TimeSpan.FromSeconds(15);

    // Where the machine is so busy that workers are heard late, silence begins later, too: after so many of the longest recent gaps.
    private const int Gaps = 3;
    private const int MostGranted = 5;
    private static readonly TimeSpan GapHalfLife = TimeSpan.FromSeconds(10);

    private readonly StageControllerOptions _options;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Attendance> _attendances = [];
    private readonly UnreachablePairs _unreachable;
    private readonly HashSet<string> _expelled = [];
    private readonly long _start;
    private long _ticked;
    private long _arrivals;
    private long _highest;
    private long _formed;
    private bool _troubled;
    private bool _liftsHalt;
    private Generation? _before;

    /// <param name="stored">The newest generation of this stage found in storage.</param>
    /// <param name="highestNumber">Greatest generation number of the run so far.</param>
    /// <param name="alive">Whether a member of it may still be there, by name: it is given time to reconnect. Null: all may.</param>
    public StageController(StageControllerOptions options, Generation? stored, long highestNumber, TimeProvider time, Func<string, bool>? alive = null)
    {
        _options = options;
        _time = time;
        _unreachable = new UnreachablePairs(time);
        _start = _ticked = _formed = time.GetTimestamp();
        _highest = highestNumber;
        Current = stored;
        foreach (var member in (stored?.Members ?? []).Where(member => alive?.Invoke(member.Worker) ?? true))
            _attendances[member.Worker] = new Attendance(member.Incarnation, member.Endpoint, _arrivals++) { Prepared = true, Connected = true, Heard = _start, Awaited = true };
    }

    /// <summary>Digest of the probe lane that every worker must have; null before the first. Belongs to the run, so it is stored and given back.</summary>
    public string? Probe { get; set; }

    /// <summary>The newest generation, or null before the first.</summary>
    public Generation? Current { get; private set; }

    /// <summary>A worker opens its stream.</summary>
    /// <returns>Null, or why it is refused.</returns>
    public string? Connect(Hello hello)
    {
        if (_expelled.Contains(hello.Incarnation)) return "this process was expelled from the run";
        _highest = Math.Max(_highest, hello.Generation);
        if (!_attendances.TryGetValue(hello.Worker, out var known) || known.Incarnation != hello.Incarnation)
        {
            known = new Attendance(hello.Incarnation, hello.Endpoint, _arrivals++);
            _attendances[hello.Worker] = known;
            _unreachable.Forget(hello.Worker);
        }
        (known.Connected, known.Awaited, known.Heard) = (true, false, _time.GetTimestamp());
        if (hello.StageIndex == _options.StageIndex) known.Step = hello.Step;
        return null;
    }

    /// <summary>A worker has the stage's artifacts, and this is the digest of its probe lane.</summary>
    /// <returns>Null, or why it is refused: its arithmetic differs from that of the others.</returns>
    public string? Prepare(string worker, string incarnation, string probe)
    {
        if (Find(worker, incarnation) is not { } known) return null;
        Probe ??= probe;
        if (Probe != probe)
        {
            Expel(worker);
            return $"its probe lane gives {probe}, that of the first worker {Probe}: weights would depend on who computes what";
        }
        known.Prepared = true;
        return null;
    }

    /// <summary>Whether this process takes part: it has connected, and was neither expelled nor replaced by a newer one of its name.</summary>
    public bool Knows(string worker, string incarnation) => Find(worker, incarnation) is not null;

    /// <summary>Something was heard of a worker.</summary>
    public void Hear(string worker, string incarnation)
    {
        if (Find(worker, incarnation) is not { } known) return;
        // What was a loss is no measure of what is usual.
        if (SilenceOf(known) <= _options.Generations.Silence)
        {
            var gap = _time.GetElapsedTime(known.Heard);
            var decayed = known.Gap * Math.Pow(0.5, gap / GapHalfLife);
            known.Gap = gap > decayed ? gap : decayed;
        }
        known.Heard = _time.GetTimestamp();
    }

    /// <summary>
    /// To be called at a steady interval. When that was held up (a slow disk, say), reports wait to be heard too: nobody was silent.
    /// </summary>
    public void Tick()
    {
        if (_time.GetElapsedTime(_ticked) > _options.Generations.Silence / 2)
            foreach (var known in _attendances.Values) known.Heard = _time.GetTimestamp();
        _ticked = _time.GetTimestamp();
    }

    /// <summary>A worker says what it is doing. One that had stalled and does something else now has recovered.</summary>
    public void Beat(string worker, string incarnation, Heartbeat beat)
    {
        if (Find(worker, incarnation) is not { } known) return;
        if (known.Beat is { } last && (last.Generation, last.Step, last.Phase) == (beat.Generation, beat.Step, beat.Phase)) return;
        (known.Beat, known.BeatSince, known.Stalled) = (beat, _time.GetTimestamp(), false);
        if (beat.StageIndex == _options.StageIndex) known.Step = beat.Step;
    }

    /// <summary>A worker has applied a step of the stage.</summary>
    public void Apply(string worker, string incarnation, Applied applied)
    {
        if (Find(worker, incarnation) is not { } known) return;
        known.Step = Math.Max(known.Step, applied.Entry.Step);
        known.Times.Observe(applied);
    }

    /// <summary>A worker could not write the checkpoint of a step.</summary>
    /// <param name="written">Step of the newest checkpoint that somebody has written.</param>
    /// <returns>False: since then all members of the newest generation have failed.</returns>
    public bool FailCheckpoint(string worker, string incarnation, long step, long written)
    {
        if (Find(worker, incarnation) is { } known) known.FailedCheckpoint = Math.Max(known.FailedCheckpoint, step);
        return Current is null || Current.Members.Any(member => Find(member.Worker, member.Incarnation) is { } other && other.FailedCheckpoint <= written);
    }

    /// <summary>A worker's stream ended.</summary>
    public void Disconnect(string worker, string incarnation)
    {
        if (Find(worker, incarnation) is { } known) known.Connected = false;
    }

    /// <summary>A worker asks to go.</summary>
    public void Leave(string worker, string incarnation)
    {
        if (Find(worker, incarnation) is { } known) known.Leaving = true;
    }

    /// <summary>
    /// A member cannot go on. Reports about older generations are stale: their members have been told of a newer one. Except that a rank has no sign of life from
    /// another, and the newest generation still waits for a boundary: that will never come, and the two would not reach each other in it either.
    /// </summary>
    /// <returns>Workers that are expelled for it.</returns>
    public IReadOnlyList<string> Report(string worker, Trouble trouble)
    {
        if (trouble.Generation != Current?.Number && !IsStillLifeless(worker, trouble)) return [];
        _troubled = true;
        if (trouble.Kind == Trouble.Types.Kind.Diverged)
        {
            foreach (var culprit in trouble.Workers) Expel(culprit);
            return trouble.Workers;
        }
        foreach (var culprit in trouble.Workers)
        {
            if (trouble.Kind == Trouble.Types.Kind.Silent && IsStuck(culprit)) _attendances[culprit].Stalled = true;
            else _unreachable.Add(worker, culprit);
        }
        return [];
    }

    /// <summary>The newest generation has halted, and nobody wants that (any more): another one goes on.</summary>
    /// <returns>False: the generation is not the newest.</returns>
    public bool LiftHalt(long generation)
    {
        if (generation != Current?.Number) return false;
        return _troubled = _liftsHalt = true;
    }

    /// <summary>Members of the newest generation have different weights, and nobody can be named.</summary>
    public bool IsUndecided(Trouble trouble) =>
        trouble.Kind == Trouble.Types.Kind.Diverged && trouble.Workers.Count == 0 && trouble.Generation == Current?.Number;

    /// <summary>Applies the generation rule to what is known now.</summary>
    /// <param name="restoreStep">Step that a generation in which nobody has state would start from.</param>
    /// <param name="newerRestore">A newer checkpoint to start from is being completed.</param>
    /// <param name="written">Step of the newest checkpoint that somebody has written.</param>
    public Decision Decide(long restoreStep = 0, bool newerRestore = false, long written = long.MaxValue)
    {
        var workers = _attendances
            .Select(entry => new WorkerView(
                entry.Key, entry.Value.Incarnation, entry.Value.Endpoint, entry.Value.Age, entry.Value.Prepared, entry.Value.Connected,
                SilenceOf(entry.Value), entry.Value.Leaving)
            {
                Stalled = entry.Value.Stalled, FailedCheckpoint = entry.Value.FailedCheckpoint, Step = entry.Value.Step,
                LaneSeconds = entry.Value.Times.Typical, Entered = HasEntered(entry.Value), IsEmpty = entry.Value.Beat?.Step < 0,
            })
            .ToList();
        var view = new ClusterView(
            workers, Current?.Number ?? 0, [.. Current?.Members.Select(member => (member.Worker, member.Incarnation)) ?? []],
            _troubled, _unreachable.Now, _time.GetElapsedTime(_start))
        {
            RestoreStep = restoreStep, NewerRestore = newerRestore, Lanes = _options.Lanes, SinceFormed = _time.GetElapsedTime(_formed),
            // Whoever has it says so as soon as it reconnects, before its first heartbeat.
            CheckpointIsLost = Current?.CheckpointStep > written && Current.Members.All(member => Find(member.Worker, member.Incarnation)?.Beat is not null),
            Shares = Current?.Members.All(member => member.HasLanes) == true ? [.. Current.Members.Select(member => member.Lanes)] : [],
            MeasuredSteps = (Current?.Members ?? []).Where(member => !member.HasLanes || member.Lanes > 0)
                .Select(member => Find(member.Worker, member.Incarnation)?.Times.MeasuredIn(Current!.Number) ?? 0).DefaultIfEmpty(0).Min(),
        };
        return GenerationRule.Decide(view, _options.Generations);
    }

    /// <summary>Makes a decision the newest generation. The caller stores it, then announces it.</summary>
    public Generation Form(Decision decision, StageProgress progress)
    {
        var generation = new Generation
        {
            Number = ++_highest, StageIndex = _options.StageIndex, AtBoundary = decision.AtBoundary, Reason = decision.Reason,
            CheckpointStep = progress.CheckpointStep, RestoreStep = progress.RestoreStep,
            RestoreLedger = ByteString.CopyFrom(progress.RestoreLedger),
        };
        generation.Restore.AddRange(progress.Restore);
        generation.Members.AddRange(decision.Members.Select(
            worker => new MemberEntry { Worker = worker.Worker, Incarnation = worker.Incarnation, Endpoint = worker.Endpoint }));
        foreach (var (member, share) in generation.Members.Zip(decision.Shares)) member.Lanes = share;
        if (_liftsHalt) (generation.GoesOn, generation.Reason) = (true, "goes on after a halt that nobody wants any more");
        // One that still waits for its boundary was never entered: what ranks are in is older.
        if (Current is not { AtBoundary: true } || _attendances.Values.Any(HasEntered)) _before = Current;
        Current = generation;
        _formed = _time.GetTimestamp();
        _troubled = _liftsHalt = false;
        return generation;
    }

    /// <summary>This process takes no further part.</summary>
    public void Expel(string worker)
    {
        if (!_attendances.Remove(worker, out var known)) return;
        _expelled.Add(known.Incarnation);
    }

    /// <summary>Time since a worker was last heard, less what is granted to it beyond the limit.</summary>
    private TimeSpan SilenceOf(Attendance known)
    {
        var limit = _options.Generations.Silence;
        var granted = known.Awaited ? Adoption : Gaps * known.Gap < MostGranted * limit ? Gaps * known.Gap : MostGranted * limit;
        var silence = _time.GetElapsedTime(known.Heard);
        return granted > limit ? silence - (granted - limit) : silence;
    }

    private bool IsStillLifeless(string reporter, Trouble trouble) => Current?.AtBoundary == true && trouble.Kind == Trouble.Types.Kind.Lifeless
        && trouble.Generation == _before?.Number && trouble.Workers.Append(reporter).All(worker => ProcessIn(_before, worker) is { } process && process == ProcessIn(Current, worker));

    private static string? ProcessIn(Generation generation, string worker) => generation.Members.FirstOrDefault(member => member.Worker == worker)?.Incarnation;

    /// <summary>
    /// Whether a worker has said for some time that it computes the same thing, rather than that it waits for others: then its silence is not the network's.
    /// </summary>
    private bool IsStuck(string worker) =>
        _attendances.TryGetValue(worker, out var known) && known.Beat?.Phase is "compute" or "apply" or "validate"
        && _time.GetElapsedTime(known.BeatSince) > _options.Generations.Silence;

    /// <summary>Whoever does more than to connect in a generation has met all its members there.</summary>
    private bool HasEntered(Attendance known) => known.Beat is { } beat && beat.Generation == Current?.Number && beat.Phase is not ("wait" or "connect");

    private Attendance? Find(string worker, string incarnation) =>
        _attendances.TryGetValue(worker, out var known) && known.Incarnation == incarnation ? known : null;
}
