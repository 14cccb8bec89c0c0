using System.Globalization;
using MiniMind.TestKit;

namespace MiniMind.Chaos.Measuring;

/// <summary>How a worker is lost.</summary>
public enum Loss
{
    /// <summary>SIGKILL.</summary>
    Kill,

    /// <summary>SIGSTOP.</summary>
    Stop,

    /// <summary>Nothing arrives any more between it and everybody else.</summary>
    Isolate,

    /// <summary>Nothing arrives any more between it and one other worker.</summary>
    Cut,
}

/// <summary>Measures how long a run stands still when one of its three workers is lost, and what losses in a steady rhythm cost.</summary>
/// <param name="seed">Decides when in a step, and who.</param>
/// <param name="log">Where figures go.</param>
/// <param name="time">The clock.</param>
public sealed class RecoveryMeasure(int seed, TextWriter log, TimeProvider time)
{
    private const int StepsBetween = 3;

    private readonly Random _random = new(seed);

    /// <summary>
    /// Loses a worker again and again, at any moment of a step, and lets it come back. Prints the time from each loss to the next committed step, less
    /// the step's own time: that of the steps that follow, with two workers.
    /// </summary>
    public async Task LossesAsync(Loss loss, int times)
    {
        using var project = new TinyProject();
        await using var run = new MeasuredRun(project, seen => log.WriteLine($"  {seen.What} {seen.Generation} {string.Join(',', seen.Names)}: {seen.Reason}"), time);
        var stands = new List<double>();
        for (var index = 0; index < times; index++)
        {
            await run.CompleteAsync(StepsBetween);
            var before = run.StepSeconds(run.At - StepsBetween, run.At);
            // A moment of the step that the seed draws.
            await Task.Delay(TimeSpan.FromSeconds(before * _random.NextDouble()), time);
            var victim = MeasuredRun.Names[_random.Next(MeasuredRun.Workers)];
            var (at, start) = (run.At, time.GetTimestamp());
            var mend = Lose(run, loss, victim);
            await run.UntilAsync(watch => watch.Formed > start);
            var formed = time.GetElapsedTime(start, run.Watch.Formed).TotalSeconds;
            await run.UntilAsync(_ => run.At > at + StepsBetween);
            mend();
            var next = run.Watch.Steps.First(step => step.Step == at + 1);
            var (took, own) = (time.GetElapsedTime(start, next.Seen).TotalSeconds, run.StepSeconds(at + 1, at + 1 + StepsBetween));
            stands.Add(took - own);
            Print($"{loss} {index + 1}: {formed:0.00} s to the next generation, {took:0.00} s to the next step, whose own time is {own:0.00} s (before: {before:0.00} s): {took - own:0.00} s lost");
        }
        Print($"{loss}: median of {times}: {MeasuredRun.Median(stands):0.00} s beyond the step's own time; least {stands.Min():0.00} s, most {stands.Max():0.00} s");
    }

    /// <summary>Kills a worker in a steady rhythm, in turns with as long undisturbed, and prints the ratio of the steps.</summary>
    public async Task RhythmAsync(TimeSpan interval, int kills, int turns)
    {
        using var project = new TinyProject();
        await using var run = new MeasuredRun(project, _ => { }, time);
        var (calm, disturbed) = (0L, 0L);
        for (var turn = 0; turn < turns; turn++)
        {
            await run.CompleteAsync(StepsBetween);
            var from = run.At;
            // The time that is measured.
            await Task.Delay(interval * kills, time);
            calm += run.At - from;
            (from, var lost) = (run.At, 0);
            while (lost++ < kills)
            {
                var victim = MeasuredRun.Names[_random.Next(MeasuredRun.Workers)];
                run.Fleet.Kill(victim);
                run.Fleet.Start(victim);
                // The rhythm that is measured.
                await Task.Delay(interval, time);
            }
            disturbed += run.At - from;
            Print($"turn {turn + 1}: {calm} steps undisturbed, {disturbed} steps in the same time with a kill every {interval.TotalSeconds:0} s: {100.0 * disturbed / calm:0} %");
        }
    }

    private static Action Lose(MeasuredRun run, Loss loss, string victim)
    {
        var fleet = run.Fleet;
        var others = MeasuredRun.Names.Where(name => name != victim);
        switch (loss)
        {
            case Loss.Kill:
                fleet.Kill(victim);
                return () => fleet.Start(victim);
            case Loss.Stop:
                fleet.Hold(victim);
                return () => fleet.Continue(victim);
            case Loss.Cut:
                return run.Network.Cut(victim, others.First()).Heal;
            default:
                return run.Network.Isolate(victim, [.. others, .. fleet.Coordinators]).Heal;
        }
    }

    private void Print(FormattableString words) => log.WriteLine(words.ToString(CultureInfo.InvariantCulture));
}
