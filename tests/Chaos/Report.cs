using System.Globalization;
using MiniMind.Chaos.Faults;
using MiniMind.Chaos.Fleets;

namespace MiniMind.Chaos;

/// <summary>Tells what happens, as it happens, and keeps what the summary needs.</summary>
/// <param name="log">Where it is told.</param>
/// <param name="time">For the time since the beginning.</param>
public sealed class Report(TextWriter log, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private readonly List<Fault> _struck = [];
    private readonly List<(Fault Fault, TimeSpan Time)> _recoveries = [];
    private int _generations;
    private int _surprises;

    /// <summary>A line.</summary>
    public void Tell(string words)
    {
        lock (_gate) log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{time.GetElapsedTime(_start).TotalSeconds,6:0.0} s] {words}"));
    }

    /// <summary>A fault has struck.</summary>
    public void Tell(Fault fault, long step, Struck struck)
    {
        lock (_gate) _struck.Add(fault);
        Tell($"fault {fault.Number} at step {step}: {struck.Words}");
    }

    /// <summary>Its consequences are undone, or whoever it hit comes back.</summary>
    public void Mended(Fault fault) => Tell($"fault {fault.Number} is over");

    /// <summary>Something happened to the members of the run.</summary>
    public void Tell(SeenEvent seen)
    {
        if (seen.Generation == 0) return;
        lock (_gate) _generations++;
        Tell($"  generation {seen.Generation}: {string.Join(", ", seen.Names)} ({seen.Reason})");
    }

    /// <summary>Training goes on.</summary>
    public void Recovered(Fault fault, long step, TimeSpan after)
    {
        lock (_gate) _recoveries.Add((fault, after));
        Tell($"  step {step} is committed {Seconds(after)} after fault {fault.Number}");
    }

    /// <summary>A process has ended that nobody has ended.</summary>
    public void Surprised(string name, int exitCode)
    {
        lock (_gate) _surprises++;
        Tell($"  {name} ended by itself with exit code {exitCode.ToString(CultureInfo.InvariantCulture)}; it is started again");
    }

    /// <summary>Tells faults by kind, generations, recoveries and times.</summary>
    /// <returns>What is known of the run by now.</returns>
    public Outcome Summarize(int seed)
    {
        var kinds = _struck.GroupBy(fault => fault.Kind).OrderBy(group => group.Key).Select(group => $"{group.Count().ToString(CultureInfo.InvariantCulture)} {group.Key}");
        Tell($"{_struck.Count} faults: {string.Join(", ", kinds)}");
        var slowest = _recoveries.Count == 0 ? "" : $"; slowest {Seconds(_recoveries.Max(recovery => recovery.Time))} (fault {_recoveries.MaxBy(recovery => recovery.Time).Fault.Number})";
        Tell($"{_generations} generations, {_surprises} processes that ended by themselves, {_recoveries.Count} recoveries{slowest}");
        return new Outcome(seed) { Faults = _struck.Count, Generations = _generations, SlowestRecovery = _recoveries.Count == 0 ? null : _recoveries.Max(recovery => recovery.Time) };
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");
}
