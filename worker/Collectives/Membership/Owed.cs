using MiniMind.Protos;

namespace MiniMind.Collectives.Membership;

/// <summary>
/// What the ranks of a group still owe in one phase of one step. Completes when nothing is owed, fails when a rank that still owes something
/// is lost, and when nothing at all arrives within the deadline.
/// </summary>
public sealed class Owed
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int[] _counts;
    private readonly int[] _later;
    private readonly string _phase;
    private readonly long _step;
    private int _total;
    private long _arrivals;

    /// <param name="phase">What is waited for, for messages: "reduce", "hello".</param>
    /// <param name="step">Step, for messages.</param>
    /// <param name="counts">Pieces that each rank owes.</param>
    /// <param name="later">Pieces that each rank can send only when all others have sent theirs: who owes nothing else is not to blame.</param>
    public Owed(string phase, long step, int[] counts, int[]? later = null)
    {
        _phase = phase;
        _step = step;
        _counts = counts;
        _later = later ?? new int[counts.Length];
        _total = counts.Sum() + _later.Sum();
        if (_total == 0) _done.SetResult();
    }

    /// <summary>A rank owes more pieces than was known.</summary>
    public void Add(int rank, int pieces)
    {
        lock (_gate)
        {
            _counts[rank] += pieces;
            _total += pieces;
        }
    }

    /// <summary>One piece of a rank has arrived. False: it owed none.</summary>
    public bool Receive(int rank, bool later = false)
    {
        lock (_gate)
        {
            var counts = later ? _later : _counts;
            if (counts[rank] == 0) return false;
            counts[rank]--;
            _arrivals++;
            if (--_total > 0) return true;
        }
        _done.TrySetResult();
        return true;
    }

    /// <summary>Nothing will come from this rank any more.</summary>
    public void Lose(int rank, string reason)
    {
        lock (_gate)
        {
            if (_counts[rank] + _later[rank] == 0) return;
        }
        // A broken link alone accuses nobody: a rank that leaves because of a third one breaks its links too.
        Fail(new PeerException(
            Trouble.Types.Kind.Unreachable, [], $"{_phase} of step {_step}: the link from rank {rank} ended ({reason})"));
    }

    /// <summary>Nothing has come from this rank for so long, not even a sign of life.</summary>
    public void Silence(int rank, TimeSpan silence)
    {
        lock (_gate)
        {
            if (_counts[rank] + _later[rank] == 0) return;
        }
        Fail(new PeerException(
            Trouble.Types.Kind.Lifeless, [rank], $"{_phase} of step {_step}: no sign of life from rank {rank} for {silence.TotalSeconds:0.#} s"));
    }

    /// <summary>Waits until nothing is owed; the deadline starts anew with every arrival.</summary>
    /// <exception cref="PeerException">A rank that owes something is lost or silent.</exception>
    public async Task WaitAsync(TimeSpan deadline, TimeProvider time, CancellationToken cancellation)
    {
        var seen = -1L;
        await using var timer = time.CreateTimer(_ =>
        {
            var arrivals = Volatile.Read(ref _arrivals);
            if (Interlocked.Exchange(ref seen, arrivals) == arrivals) FailSilent(deadline);
        }, null, deadline, deadline);
        await using var registration = cancellation.Register(() => _done.TrySetCanceled(cancellation));
        Interlocked.CompareExchange(ref seen, Volatile.Read(ref _arrivals), -1);
        await _done.Task;
    }

    private void FailSilent(TimeSpan deadline)
    {
        var silent = Missing();
        if (silent.Length == 0) return;
        Fail(new PeerException(
            Trouble.Types.Kind.Silent, silent,
            $"{_phase} of step {_step}: nothing from rank {string.Join(", ", silent)} for {deadline.TotalSeconds:0.#} s"));
    }

    private void Fail(PeerException fault)
    {
        // Read at once, so that it counts as seen: nobody may come to wait, when the group ends before this phase begins.
        if (_done.TrySetException(fault)) _ = _done.Task.Exception;
    }

    private int[] Missing()
    {
        lock (_gate)
        {
            var counts = _counts.Any(count => count > 0) ? _counts : _later;
            return [.. Enumerable.Range(0, counts.Length).Where(rank => counts[rank] > 0)];
        }
    }
}
