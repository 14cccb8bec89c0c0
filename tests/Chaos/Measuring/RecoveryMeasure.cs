using System.Globalization;
using MiniMind.Chaos.Fleets;
using MiniMind.Chaos.Network;
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
    private const int Workers = 3;
    private const int RhythmWorkers = 2;

    private readonly Random _random = new(seed);

    /// <summary>
    /// Loses a worker again and again, at any moment of a step, and lets it come back. Prints the time from each loss to the next committed step, less
    /// the step's own time: that of the steps that follow, with two workers.
    /// </summary>
    public async Task LossesAsync(Loss loss, int times)
    {
        using var project = new TinyProject();
        var roster = new Roster();
        await using var proxies = new ProxyNetwork(roster, time);
        // Proxies take time of their own, and nothing needs them where it is a process that is lost.
        IPlaces places = loss is Loss.Isolate or Loss.Cut ? proxies : new LoopbackPlaces();
        await using var run = new MeasuredRun(project, Workers, places, roster, Tell, time);
        var stands = new List<double>();
        for (var index = 0; index < times; index++)
        {
            await run.CompleteAsync(StepsBetween);
            var before = run.StepSeconds(run.At - StepsBetween, run.At);
            // A moment of the step that the seed draws.
            await Task.Delay(TimeSpan.FromSeconds(before * _random.NextDouble()), time);
            var victim = run.Names[_random.Next(Workers)];
            var (at, start) = (run.At, time.GetTimestamp());
            var mend = Lose(run, proxies, loss, victim);
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

    /// <summary>
    /// Kills a worker in a steady rhythm and starts it again, in turns with a while undisturbed. Prints the part of the capacity that was there: of the steps that so many
    /// workers as took part would have committed undisturbed. Two workers, so that whoever starts again has the core of its predecessor.
    /// </summary>
    public async Task RhythmAsync(TimeSpan interval, int kills, int turns)
    {
        using var project = new TinyProject();
        await using var run = new MeasuredRun(project, RhythmWorkers, new LoopbackPlaces(), new Roster(), _ => { }, time);
        var calmly = interval * kills / 4;
        var (alone, calm, disturbed) = (new Throughput(), new Throughput(), new Throughput());
        for (var turn = 1; turn <= turns; turn++)
        {
            await run.CompleteAsync(StepsBetween);
            calm += await OverAsync(run, calmly, () => Task.CompletedTask);
            disturbed += await OverAsync(run, interval * kills, () => ReplaceAsync(run, run.Names[_random.Next(RhythmWorkers)]), interval);
            await run.CompleteAsync(StepsBetween);
            run.Fleet.Kill(run.Names[0]);
            await run.UntilAsync(watch => watch.Members.Count == 1);
            await run.MoreAsync(StepsBetween);
            alone += await OverAsync(run, calmly, () => Task.CompletedTask);
            run.Fleet.Start(run.Names[0]);
            var capacity = disturbed.WithTwo * calm.Speed + disturbed.WithOne * alone.Speed;
            Print($"turn {turn}: two workers {calm.Speed:0.000} steps/s, one alone {alone.Speed:0.000}; with a kill every {interval.TotalSeconds:0} s {disturbed.Steps} steps in {disturbed.WithTwo:0} s with two and {disturbed.WithOne:0} s with one: {100 * disturbed.Steps / capacity:0} % of what they could");
        }
    }

    private static async Task ReplaceAsync(MeasuredRun run, string victim)
    {
        // Not while it alone has the state: that would be a loss of all workers.
        await run.CompleteAsync(1);
        run.Fleet.Kill(victim);
        run.Fleet.Start(victim);
    }

    /// <summary>Counts steps over a span of time, in which something is done in a steady rhythm.</summary>
    private async Task<Throughput> OverAsync(MeasuredRun run, TimeSpan span, Func<Task> act, TimeSpan? every = null)
    {
        var (from, start) = (run.Watch.Steps.Count, time.GetTimestamp());
        var before = run.Watch.WorkerSeconds;
        while (time.GetElapsedTime(start) < span)
        {
            await act();
            // The rhythm and the span are what is measured over.
            await Task.Delay(every ?? span, time);
        }
        return new Throughput(run.Watch.Steps.Count - from, time.GetElapsedTime(start).TotalSeconds, run.Watch.WorkerSeconds - before);
    }

    private static Action Lose(MeasuredRun run, ProxyNetwork proxies, Loss loss, string victim)
    {
        var fleet = run.Fleet;
        var others = run.Names.Where(name => name != victim);
        switch (loss)
        {
            case Loss.Kill:
                fleet.Kill(victim);
                return () => fleet.Start(victim);
            case Loss.Stop:
                fleet.Hold(victim);
                return () => fleet.Continue(victim);
            case Loss.Cut:
                return proxies.Cut(victim, others.First()).Heal;
            default:
                return proxies.Isolate(victim, [.. others, .. fleet.Coordinators]).Heal;
        }
    }

    private void Tell(SeenEvent seen) => log.WriteLine($"  {seen.What} {seen.Generation} {string.Join(',', seen.Names)}: {seen.Reason}");

    private void Print(FormattableString words) => log.WriteLine(words.ToString(CultureInfo.InvariantCulture));
}
