namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>A point in the work of a rank.</summary>
internal enum Moment
{
    /// <summary>It begins a lane of a step.</summary>
    Lane,

    /// <summary>It is about to apply a step.</summary>
    Apply,

    /// <summary>It has applied a step, and told nobody yet.</summary>
    Applied,

    /// <summary>It sends a part of its gradient.</summary>
    Contribution,

    /// <summary>It sends a part of the sum.</summary>
    Reduced,

    /// <summary>It sends the tail of a step.</summary>
    Tail,

    /// <summary>It sends the tail of a validation.</summary>
    ValidationTail,

    /// <summary>It greets a peer in a new generation.</summary>
    Hello,

    /// <summary>It sends a part of its state to a peer that is behind.</summary>
    State,

    /// <summary>It begins from a checkpoint or from the seed.</summary>
    Restore,

    /// <summary>It is the writer of a checkpoint, and has taken its snapshot.</summary>
    Snapshot,

    /// <summary>It has uploaded a checkpoint, and told nobody yet.</summary>
    Uploaded,

    /// <summary>It tells what it got when it computed a disputed lane again. Never drawn: only a wrong gradient leads there.</summary>
    SpotCheckTail,
}

/// <summary>What happens then.</summary>
internal enum Blow
{
    KillSelf, KillOther, KillBoth, KillAll, Rejoin, Join, JoinTwo, Leave, LeaveOther, LoseCoordinator,

    /// <summary>Another worker joins; this rank goes on only when a generation with it has been formed. Never drawn: who joins may die before.</summary>
    Admit,
}

/// <summary>One thing that happens to a run.</summary>
/// <param name="Step">The step at which it does; 0: at any.</param>
/// <param name="Skip">How often the moment passes by before.</param>
/// <param name="Other">Chooses among the others.</param>
internal sealed record Strike(Moment Moment, long Step, int Skip, Blow Blow, int Other = 0);

/// <summary>What happens to a run, given or drawn. The moments are those of the work, not of a clock.</summary>
internal sealed class StrikeSchedule
{
    private static readonly int[] Crews = [1, 2, 2, 3, 3, 4, 8];

    private readonly Lock _gate = new();
    private readonly List<(Strike Strike, int Left)> _pending = [];

    /// <summary>Draws from a generator.</summary>
    public StrikeSchedule(Random random, long steps)
    {
        Workers = Crews[random.Next(Crews.Length)];
        for (var left = 1 + random.Next(4); left > 0; left--)
        {
            var moment = (Moment)random.Next(1 + (int)Moment.Uploaded);
            // Steps that are computed again meet their strikes again; a copy or a restore happens at whatever step it does.
            var step = moment < Moment.ValidationTail ? 1 + random.NextInt64(steps) : 0;
            var strike = new Strike(moment, step, random.Next(3), (Blow)random.Next(1 + (int)Blow.LoseCoordinator), random.Next(100));
            _pending.Add((strike, strike.Skip));
        }
    }

    /// <param name="workers">Workers at the start.</param>
    /// <param name="strikes">What happens to them; nothing when left out.</param>
    public StrikeSchedule(int workers, params IReadOnlyList<Strike> strikes)
    {
        Workers = workers;
        foreach (var strike in strikes) _pending.Add((strike, strike.Skip));
    }

    /// <summary>Workers at the start.</summary>
    public int Workers { get; }

    /// <summary>A rank has come to a moment; what happens to it there, if anything.</summary>
    public Strike? Take(Moment moment, long step)
    {
        lock (_gate)
        {
            var index = _pending.FindIndex(entry => entry.Strike.Moment == moment && (entry.Strike.Step == 0 || entry.Strike.Step == step));
            if (index < 0) return null;
            var (strike, left) = _pending[index];
            _pending[index] = (strike, left - 1);
            if (left > 0) return null;
            _pending.RemoveAt(index);
            return strike;
        }
    }
}
