namespace MiniMind.Worker.Tests.Training.InProcess;

/// <summary>Makes a worker compute wrong gradients from right weights, as broken memory or a broken processor does: one bit of a lane's gradient is turned.</summary>
/// <param name="worker">Name of the worker.</param>
/// <param name="step">The step at which that begins.</param>
/// <param name="lane">The lane that is spoilt by a transient fault; a permanent one spoils all.</param>
/// <param name="permanent">From then on always; otherwise just once.</param>
internal sealed class GradientFaultInjector(string worker, long step, int lane, bool permanent)
{
    // Lower ones may be lost again when lanes are summed.
    private const int HighestOfFraction = 1 << 22;

    private int _struck;

    public string Worker { get; } = worker;

    /// <summary>Gradients that were spoilt.</summary>
    public int Struck => Volatile.Read(ref _struck);

    /// <summary>A worker has computed a lane of a step.</summary>
    public void Strike(string name, long computedStep, int computedLane, Span<float> gradient)
    {
        if (name != Worker) return;
        if (permanent ? computedStep < step : computedStep != step || computedLane != lane || Struck > 0) return;
        Interlocked.Increment(ref _struck);
        gradient[^1] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(gradient[^1]) ^ HighestOfFraction);
    }
}
