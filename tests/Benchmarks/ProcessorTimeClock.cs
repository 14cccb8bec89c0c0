using Perfolizer.Horology;

namespace MiniMind.Benchmarks;

/// <summary>
/// Processor time of this process in microseconds, user and system: what a computation on one thread costs, whatever else the machine does
/// meanwhile. Not for benchmarks that wait or use several threads.
/// </summary>
internal sealed class ProcessorTimeClock : IClock
{
    public string Title => "processor time";

    public bool IsAvailable => true;

    public Frequency Frequency => new(1_000_000);

    public long GetTimestamp() => Environment.CpuUsage.TotalTime.Ticks / TimeSpan.TicksPerMicrosecond;
}
