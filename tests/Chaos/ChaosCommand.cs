using System.CommandLine;
using MiniMind.Chaos.Measuring;
using MiniMind.TestKit;

namespace MiniMind.Chaos;

/// <summary>The whole command: an undisturbed run, a disturbed one, and the comparison of what they left.</summary>
public static class ChaosCommand
{
    private const string Undisturbed = "undisturbed";
    private const string Disturbed = "disturbed";

    // It is as long as the schedule, on a machine of whatever speed.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>The options, bound to what they do.</summary>
    public static RootCommand Build()
    {
        var seed = Number("--seed", "Decides the faults; the same seed gives the same ones.", 1, 0, int.MaxValue);
        var workers = Number("--workers", "Worker processes at the start.", 3, 1, 16);
        var faults = Number("--faults", "Number of faults.", 12, 1, 1000);
        var kind = new Option<string>("--kind") { Description = "Stage that is disturbed.", HelpName = "pretrain|sft", DefaultValueFactory = _ => ChaosOptions.Pretrain };
        kind.AcceptOnlyFromAmong(ChaosOptions.Pretrain, ChaosOptions.Sft);
        var keep = new Option<string?>("--keep") { Description = "Folder for both runs and all logs, which stay there; it must be new. Without it they go to a temporary one, which stays only when something is wrong.", HelpName = "DIR" };
        var root = new RootCommand("Trains with real processes that are killed, stopped and cut off from each other, and proves that the result is that of an undisturbed run.") { seed, workers, faults, kind, keep };
        root.SetAction(parsed => RunAsync(
            new ChaosOptions(parsed.GetValue(seed), parsed.GetValue(workers), parsed.GetValue(faults), parsed.GetRequiredValue(kind)), parsed.GetValue(keep),
            parsed.InvocationConfiguration.Output, TimeProvider.System));
        root.Add(Measure());
        return root;
    }

    private static Command Measure()
    {
        var loss = new Option<Loss>("--loss") { Description = "How a worker is lost.", HelpName = "kill|stop|isolate|cut" };
        var times = Number("--times", "How often.", 20, 1, 1000);
        var every = Number("--every", "Kill a worker every so many seconds instead, and compare with as long undisturbed; 0: no.", 0, 0, 3600);
        var seed = Number("--seed", "Decides who is lost, and when in a step.", 1, 0, int.MaxValue);
        var command = new Command("measure", "Measure how long a run of a 26M model with three workers stands still when it loses one.") { loss, times, every, seed };
        command.SetAction(async parsed =>
        {
            const int Turns = 3;
            var measure = new RecoveryMeasure(parsed.GetValue(seed), parsed.InvocationConfiguration.Output, TimeProvider.System);
            if (parsed.GetValue(every) is > 0 and var seconds) await measure.RhythmAsync(TimeSpan.FromSeconds(seconds), parsed.GetValue(times), Turns);
            else await measure.LossesAsync(parsed.GetValue(loss), parsed.GetValue(times));
            return 0;
        });
        return command;
    }

    /// <summary>Runs both, compares, audits.</summary>
    /// <returns>0 when everything held, else 1.</returns>
    public static async Task<int> RunAsync(ChaosOptions options, string? keep, TextWriter log, TimeProvider time)
    {
        var project = new TinyProject(keep);
        var report = new Report(log, time);
        var fault = await JudgeAsync(project, options, report, time);
        report.Summarize();
        if (fault is not null)
        {
            report.Tell($"FAILED: {fault}");
            report.Tell($"the same faults again: {options.Replay}; runs and logs: {project.Folder}");
            return 1;
        }
        report.Tell("all promises held: the bytes of the undisturbed run, and a sound record");
        if (keep is null) project.Dispose();
        return 0;
    }

    private static async Task<string?> JudgeAsync(TinyProject project, ChaosOptions options, Report report, TimeProvider time)
    {
        report.Tell($"undisturbed run of {options.Steps} steps of {options.Kind}, one worker");
        await using var undisturbed = project.StartRun(Undisturbed, ["--workers", "1", .. options.RunOptions]);
        var reference = await undisturbed.EndAsync(Patience);
        if (reference.ExitCode != 0) return $"the undisturbed run failed: {reference}";
        report.Tell($"disturbed run: {options.Replay}");
        await using (var run = new ChaosRun(project, Disturbed, options, report, time))
            if (await run.RunAsync() is { } trouble) return trouble;
        var differences = RunResult.Read(project.PathOf(Undisturbed)).DifferencesTo(RunResult.Read(project.PathOf(Disturbed)));
        if (differences.Count > 0) return $"other bytes than those of the undisturbed run in {string.Join(", ", differences)}";
        report.Tell($"model.safetensors of both: SHA-256 {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(RunResult.Read(project.PathOf(Disturbed)).Files["model.safetensors"]))}");
        var audit = await Programs.RunAsync(project.Folder, "audit", Disturbed);
        return audit.ExitCode == 0 ? null : $"the audit found: {audit}";
    }

    private static Option<int> Number(string name, string description, int standard, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => standard };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < least || value > most)) result.AddError($"{name}: expected {least} to {most}, found {value}");
        });
        return option;
    }
}
