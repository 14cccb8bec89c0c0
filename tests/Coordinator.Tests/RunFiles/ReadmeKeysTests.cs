using System.Text.RegularExpressions;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Coordinator.Tests.Storage;

namespace MiniMind.Coordinator.Tests.RunFiles;

/// <summary>The tables of keys in README.md: every default that they state is accepted, and is the default.</summary>
public sealed partial class ReadmeKeysTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Defaults_in_the_readme_are_those_of_a_run_file()
    {
        File.WriteAllText(_folder["a.jsonl"], "{\"text\": \"a\"}\n");
        File.WriteAllText(_folder["run.yaml"], $$"""
            model: tiny
            stages:
              - {stage: tokenizer, data: {{_folder["a.jsonl"]}} }
              - {stage: pretrain, data: {{_folder["a.jsonl"]}} }
              - {stage: sft, data: {{_folder["a.jsonl"]}} }
            """);
        var plain = RunFile.Load(_folder["run.yaml"], []);
        var defaults = Defaults().ToList();
        // Both tables were found, and read to their ends.
        Assert.Contains("seed=42", defaults);
        Assert.Contains("sft.learning_rate=1e-5", defaults);
        Assert.Contains("pretrain.bad_lines=fail", defaults);
        Assert.All(defaults, setting => Assert.Equal(Text(plain), Text(RunFile.Load(_folder["run.yaml"], [setting]))));
    }

    private static string Text(RunFile run) => run.CanonicalText + string.Join(';', run.Stages.OfType<TrainingStage>()
        .Select(stage => $"{stage.ValidationInterval} {stage.CheckpointInterval} {stage.SpotCheckInterval}")) + $"{run.Workers} {run.LogInterval} {run.WorkerTimeout}";

    /// <summary>Settings such as "pretrain.epochs=1", one for each default that a row states for a key.</summary>
    private static IEnumerable<string> Defaults()
    {
        var section = "";
        foreach (var line in File.ReadLines(Path.Combine(Root(), "README.md")))
        {
            if (line.StartsWith("| at the top |", StringComparison.Ordinal)) section = "top";
            else if (line.StartsWith("| in a `pretrain` or `sft` stage |", StringComparison.Ordinal)) section = "stage";
            else if (!line.StartsWith('|')) section = "";
            if (section.Length == 0) continue;
            var cells = line.Split('|', StringSplitOptions.TrimEntries);
            var keys = Quoted().Matches(cells[1]).Select(match => match.Groups[1].Value).ToList();
            var values = Quoted().Matches(cells[2]).Select(match => match.Groups[1].Value).ToList();
            for (var i = 0; i < values.Count; i++)
            {
                // A second value belongs to sft where there is one key.
                var key = keys[Math.Min(i, keys.Count - 1)];
                if (section == "top") yield return $"{key}={values[i]}";
                else yield return $"{(i > 0 && keys.Count == 1 ? "sft" : "pretrain")}.{key}={values[i]}";
            }
        }
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "MiniMind.Distributed.sln"))) folder = folder.Parent;
        return folder.FullName;
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
