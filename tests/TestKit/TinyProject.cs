using System.Text.Json;

namespace MiniMind.TestKit;

/// <summary>
/// A folder with what a user would have: a few hundred short documents, questions, and a run file that trains on them in seconds
/// (18 steps of pretraining and 46 of fine-tuning).
/// </summary>
public sealed class TinyProject : IDisposable
{
    /// <summary>The run file.</summary>
    public const string RunFileName = "tiny.yaml";
    /// <summary>Texts.</summary>
    public const string PretrainFile = "pretrain.jsonl";
    /// <summary>Dialogues.</summary>
    public const string SftFile = "sft.jsonl";
    /// <summary>Questions about what the dialogues say.</summary>
    public const string QuestionsFile = "questions.jsonl";

    /// <summary>Steps of one epoch of pretraining.</summary>
    public const int PretrainSteps = 18;

    /// <summary>Steps of one epoch of fine-tuning.</summary>
    public const int SftSteps = 23;

    private const string Stages = """
        name: tiny
        seed: 7
        model: {hidden_size: 32, layers: 2, heads: 2, key_value_heads: 1}
        lanes: 4
        sequence_length: 64
        log_interval: 1
        stages:
          - {stage: tokenizer, data: [pretrain.jsonl, sft.jsonl], vocabulary_size: 512}
          - {stage: pretrain, data: pretrain.jsonl, validation: 0.05, learning_rate: 1e-2, validation_interval: 5, checkpoint_interval: 5, spot_check_interval: 2}
          - {stage: sft, data: sft.jsonl, validation: 0.05, epochs: 2, learning_rate: 1e-2, validation_interval: 10, checkpoint_interval: 10}

        """;

    private static readonly string[] Colours = ["red", "blue", "green", "yellow"];

    private static readonly string[] Names =
        [.. from first in new[] { "Bel", "Tor", "Mira", "Kas", "Lun", "Oba" } from last in new[] { "do", "rin", "lia", "mek", "sa", "vo" } select first + last];

    /// <param name="folder">Where to make it; null: a new temporary folder.</param>
    public TinyProject(string? folder = null)
    {
        Folder = folder is null ? Directory.CreateTempSubdirectory("minimind-").FullName : Directory.CreateDirectory(folder).FullName;
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

    /// <summary>A path below the folder.</summary>
    public string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Starts "minimind run tiny.yaml --plain --out OUT OPTIONS".</summary>
    public RunningProgram StartRun(string outFolder, params string[] options) => Programs.Start(Folder, RunArguments(outFolder, options));

    /// <summary>Runs it to its end.</summary>
    public async Task<Ended> RunAsync(string outFolder, params string[] options)
    {
        await using var program = StartRun(outFolder, options);
        return await program.EndAsync();
    }

    /// <summary>What follows "minimind" for a run into a folder.</summary>
    public static string[] RunArguments(string outFolder, params string[] options) => ["run", RunFileName, "--plain", "--out", outFolder, .. options];

    /// <summary>Deletes the folder.</summary>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string Question(string name) => $"What does {name} like?";

    private static string Colour(string name) => Colours[name.Length % Colours.Length];

    private void WriteLines(string file, IEnumerable<object> lines) =>
        File.WriteAllLines(PathOf(file), lines.Select(line => JsonSerializer.Serialize(line)));
}
