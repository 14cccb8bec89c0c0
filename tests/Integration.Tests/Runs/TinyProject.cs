using System.Text.Json;
using MiniMind.Integration.Tests.Programs;

namespace MiniMind.Integration.Tests.Runs;

/// <summary>
/// A folder with what a user would have: a few hundred short documents, questions, and a run file that trains on them in seconds
/// (18 steps of pretraining and 46 of fine-tuning).
/// </summary>
internal sealed class TinyProject : IDisposable
{
    public const string RunFileName = "tiny.yaml";
    public const string PretrainFile = "pretrain.jsonl";
    public const string SftFile = "sft.jsonl";
    public const string QuestionsFile = "questions.jsonl";

    private const string Stages = """
        name: tiny
        seed: 7
        model: {hidden_size: 32, layers: 2, heads: 2, key_value_heads: 1}
        lanes: 4
        sequence_length: 64
        log_interval: 1
        stages:
          - {stage: tokenizer, data: [pretrain.jsonl, sft.jsonl], vocabulary_size: 512}
          - {stage: pretrain, data: pretrain.jsonl, validation: 0.05, learning_rate: 1e-2, validation_interval: 5, checkpoint_interval: 5}
          - {stage: sft, data: sft.jsonl, validation: 0.05, epochs: 2, learning_rate: 1e-2, validation_interval: 10, checkpoint_interval: 10}

        """;

    private static readonly string[] Colours = ["red", "blue", "green", "yellow"];

    private static readonly string[] Names =
        [.. from first in new[] { "Bel", "Tor", "Mira", "Kas", "Lun", "Oba" } from last in new[] { "do", "rin", "lia", "mek", "sa", "vo" } select first + last];

    public TinyProject()
    {
        Folder = Directory.CreateTempSubdirectory("minimind-").FullName;
        var order = new Random(1);
        WriteLines(PretrainFile, Enumerable.Range(0, 300).Select(_ => Names[order.Next(Names.Length)]).Select(name => new
        {
            text = $"{name} likes {Colour(name)}. {name} lives in house {Array.IndexOf(Names, name)} and {name} is happy.",
        }));
        WriteLines(SftFile, Enumerable.Range(0, 200).Select(_ => Names[order.Next(Names.Length)]).Select(name => new
        {
            conversations = new[] { new { role = "user", content = Question(name) }, new { role = "assistant", content = Colour(name) } },
        }));
        WriteLines(QuestionsFile, Names.Select(name => new { question = Question(name), answer = Colour(name), kind = "colour" }));
        File.WriteAllText(PathOf(RunFileName), Stages);
    }

    /// <summary>Where it is; commands are typed here.</summary>
    public string Folder { get; }

    /// <summary>A question that the training data answers.</summary>
    public static string AQuestion => Question(Names[0]);

    public string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Starts "minimind run tiny.yaml --plain --out OUT OPTIONS".</summary>
    public RunningProgram StartRun(string outFolder, params string[] options) => Program.Start(Folder, RunArguments(outFolder, options));

    /// <summary>Runs it to its end.</summary>
    public async Task<Ended> RunAsync(string outFolder, params string[] options)
    {
        await using var program = StartRun(outFolder, options);
        return await program.EndAsync();
    }

    /// <summary>Asserts that "minimind audit OUT" finds nothing wrong.</summary>
    public async Task AssertSoundAsync(string outFolder)
    {
        var ended = await Program.RunAsync(Folder, "audit", outFolder);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains($"{outFolder} is sound.", ended.Output, StringComparison.Ordinal);
    }

    /// <summary>Asserts the same of a run that was stopped, and that it is called unfinished.</summary>
    public async Task AssertSoundSoFarAsync(string outFolder)
    {
        var ended = await Program.RunAsync(Folder, "audit", outFolder);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches($@"{outFolder} is unfinished \(.*(pretrain|sft) after \d+ of \d+ steps.*\); what there is of it is sound\.", ended.Output);
    }

    /// <summary>What follows "minimind" for a run into a folder.</summary>
    public static string[] RunArguments(string outFolder, params string[] options) => ["run", RunFileName, "--plain", "--out", outFolder, .. options];

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string Question(string name) => $"What does {name} like?";

    private static string Colour(string name) => Colours[name.Length % Colours.Length];

    private void WriteLines(string file, IEnumerable<object> lines) =>
        File.WriteAllLines(PathOf(file), lines.Select(line => JsonSerializer.Serialize(line)));
}
