namespace MiniMind.Collectives.Membership;

/// <summary>
/// How long a member waits for peers that send nothing: a few times the time that a step recently took. Kept over generations, so that a new one does not
/// begin with the wrong measure.
/// </summary>
/// <param name="least">However fast the steps are.</param>
/// <param name="unknown">Before anything was measured.</param>
public sealed class Patience(TimeSpan least, TimeSpan unknown)
{
    private const double Steps = 4;
    private const double Decay = 0.9;

    // Seconds; recent maxima, so that one step that was held up is forgotten after some others. A lane: of the rank that had the fewest, since it may be
    // the slowest.
    private double _step;
    private double _lane;
    private int _fewest = 1;

    /// <summary>How long to wait, as far as is known.</summary>
    public TimeSpan Limit
    {
        get
        {
            if (_lane == 0) return unknown > least ? unknown : least;
            var seconds = Steps * _step;
            return seconds > least.TotalSeconds ? TimeSpan.FromSeconds(seconds) : least;
        }
    }

    /// <summary>
    /// A generation begins. Who had few lanes, perhaps because it is slow, may have many now.
    /// </summary>
    /// <param name="fewestLanes">Lanes of the rank that has the fewest.</param>
    /// <param name="mostLanes">Lanes of the rank that has the most.</param>
    /// <returns>How long to wait in it at first.</returns>
    public TimeSpan Enter(int fewestLanes, int mostLanes)
    {
        (_fewest, _step) = (fewestLanes, _lane * mostLanes);
        return Limit;
    }

    /// <summary>A rank computed its lanes for so long, or a whole step took so long.</summary>
    /// <returns>How long to wait from now on.</returns>
    public TimeSpan Observe(TimeSpan time)
    {
        _step = Math.Max(time.TotalSeconds, _step * Decay);
        _lane = Math.Max(time.TotalSeconds / _fewest, _lane * Decay);
        return Limit;
    }
}
