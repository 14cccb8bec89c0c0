namespace MiniMind.Chaos.Measuring;

/// <summary>Steps that one or two workers committed in some time.</summary>
/// <param name="Steps">Committed steps.</param>
/// <param name="Seconds">In so long.</param>
/// <param name="WorkerSeconds">The same, times the workers that took part in the run meanwhile.</param>
internal readonly record struct Throughput(long Steps, double Seconds, double WorkerSeconds)
{
    /// <summary>Steps per second.</summary>
    public double Speed => Steps / Seconds;

    /// <summary>Seconds in which both took part.</summary>
    public double WithTwo => WorkerSeconds - Seconds;

    /// <summary>Seconds in which one was alone.</summary>
    public double WithOne => Seconds - WithTwo;

    public static Throughput operator +(Throughput one, Throughput other) =>
        new(one.Steps + other.Steps, one.Seconds + other.Seconds, one.WorkerSeconds + other.WorkerSeconds);
}
