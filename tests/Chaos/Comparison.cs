using System.Security.Cryptography;
using MiniMind.TestKit;

namespace MiniMind.Chaos;

/// <summary>An undisturbed run, disturbed ones of seeds that follow each other, and the comparison of what they left.</summary>
/// <param name="options">Of the first disturbed run.</param>
/// <param name="count">How many.</param>
/// <param name="keep">Folder for everything; null: a temporary one, which stays only when something is wrong.</param>
/// <param name="log">Is told everything.</param>
/// <param name="time">For all waits.</param>
public sealed class Comparison(ChaosOptions options, int count, string? keep, TextWriter log, TimeProvider time)
{
    private const string Undisturbed = "undisturbed";

    // It is as long as the schedule, on a machine of whatever speed.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>Runs, compares, audits.</summary>
    /// <returns>0 when everything held, else 1.</returns>
    /// <exception cref="OperationCanceledException">It was given up; no process of it runs any more.</exception>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var project = new TinyProject(keep);
        log.WriteLine($"undisturbed run of {options.Steps} steps of {options.Kind}, one worker");
        await using var undisturbed = project.StartRun(Undisturbed, ["--workers", "1", .. options.RunOptions]);
        var reference = await undisturbed.EndAsync(Patience).WaitAsync(stop);
        if (reference.ExitCode != 0)
        {
            log.WriteLine($"FAILED: the undisturbed run: {reference}");
            return 1;
        }
        var outcomes = new List<Outcome>();
        foreach (var seed in Enumerable.Range(options.Seed, count)) outcomes.Add(await DisturbAsync(project, options with { Seed = seed }, stop));
        if (count > 1) Outcome.Write(outcomes, log);
        if (outcomes.Any(outcome => outcome.Trouble is not null)) return 1;
        log.WriteLine("all promises held: the bytes of the undisturbed run, and a sound record");
        if (keep is null) project.Dispose();
        return 0;
    }

    private async Task<Outcome> DisturbAsync(TinyProject project, ChaosOptions disturbed, CancellationToken stop)
    {
        var folder = $"disturbed-{disturbed.Seed}";
        var report = new Report(log, time);
        report.Tell($"disturbed run: {disturbed.Replay}");
        string? trouble;
        await using (var run = new ChaosRun(project, folder, disturbed, report, time, stop)) trouble = await run.RunAsync();
        var outcome = report.Summarize(disturbed.Seed) with { Trouble = trouble };
        if (trouble is null) outcome = await JudgeAsync(project, folder, outcome, report);
        if (outcome.Trouble is null) return outcome;
        report.Tell($"FAILED: {outcome.Trouble}");
        report.Tell($"the same faults again: {disturbed.Replay}; runs and logs: {project.Folder}");
        return outcome;
    }

    private static async Task<Outcome> JudgeAsync(TinyProject project, string folder, Outcome outcome, Report report)
    {
        var result = RunResult.Read(project.PathOf(folder));
        var differences = RunResult.Read(project.PathOf(Undisturbed)).DifferencesTo(result);
        report.Tell($"model.safetensors: SHA-256 {Convert.ToHexStringLower(SHA256.HashData(result.Files["model.safetensors"]))}");
        var audit = await Programs.RunAsync(project.Folder, "audit", folder);
        string[] troubles =
        [
            .. differences.Count == 0 ? [] : (string[])[$"other bytes than those of the undisturbed run in {string.Join(", ", differences)}"],
            .. audit.ExitCode == 0 ? [] : (string[])[$"the audit found: {audit}"],
        ];
        return outcome with { BytesEqual = differences.Count == 0, AuditSound = audit.ExitCode == 0, Trouble = troubles.Length == 0 ? null : string.Join("; ", troubles) };
    }
}
