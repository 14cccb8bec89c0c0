namespace MiniMind.Collectives.Membership;

/// <summary>
/// How long a member waits for peers that send nothing: a few times the time that the busiest rank recently took for a step. Kept over generations,
/// so that a new one does not begin with the wrong measure.
/// </summary>
/// <param name="least">However fast the steps are.</param>
/// <param name="unknown">Before anything was measured.</param>
public sealed class Patience(TimeSpan least, TimeSpan unknown)
{
    private const double Steps = 4;
    private const double Decay = 0.9;

    // Seconds per lane of the busiest rank; a recent maximum, so that one step that was held up is forgotten after some others.
    private double _lane;

    /// <summary>A rank took so long for so many lanes.</summary>
    public void Observe(TimeSpan time, int lanes) => _lane = Math.Max(time.TotalSeconds / lanes, _lane * Decay);

    /// <summary>How long to wait in a generation whose busiest rank has so many lanes.</summary>
    public TimeSpan For(int mostLanes)
    {
        if (_lane == 0) return unknown > least ? unknown : least;
        var seconds = Steps * _lane * mostLanes;
        return seconds > least.TotalSeconds ? TimeSpan.FromSeconds(seconds) : least;
    }
}
