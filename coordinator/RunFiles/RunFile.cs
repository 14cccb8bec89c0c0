using MiniMind.Text;
using MiniMind.Text.Configuration;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>One submitted pipeline, resolved: every default filled in, every value checked.</summary>
public sealed record RunFile
{
    public const string Cpu = "cpu";
    public const string Cuda = "cuda";
    public const string SinglePrecision = "float32";

    /// <summary>Letters, digits, '-', '_' and '.'; the file's own name unless it says otherwise.</summary>
    public required string Name { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Folder that the run writes: checkpoints, ledger, logs, metrics; <see cref="DefaultOut"/> unless the run file says otherwise.</summary>
    public required string Out { get; init; }

    /// <summary>Folder of encoded data that runs share; null: the run's own.</summary>
    public string? Cache { get; init; }

    /// <summary>Worker processes on this machine; those beyond a stage's lanes are hot spares. 0: all come from elsewhere.</summary>
    public required int Workers { get; init; }

    /// <summary>Seconds without a sign of life from any worker after which a stage that has not begun gives up.</summary>
    public required int WorkerTimeout { get; init; }

    /// <summary>Seconds that workers go on without a coordinator, before they write a checkpoint and end.</summary>
    public required int OrphanTimeout { get; init; }

    /// <summary>Intra-op threads of one worker.</summary>
    public required int Threads { get; init; }

    /// <summary><see cref="Cpu"/> or <see cref="Cuda"/>.</summary>
    public required string Device { get; init; }

    /// <summary>What a user of this device must know; null for one on which "one run, one result" was measured.</summary>
    public string? Caveat => Device == Cpu ? null : $"device {Device}: not bit-exact: equal results for any number of workers were measured on CPUs only";

    public required string Precision { get; init; }

    /// <summary>Steps between two log lines.</summary>
    public required int LogInterval { get; init; }

    /// <summary>
    /// Sizes of the model. The vocabulary is the one given, else that of the tokenizer folder, else the size that the tokenizer
    /// stage is asked for, until it is known where that stage stops.
    /// </summary>
    public required ModelConfig Model { get; init; }

    /// <summary>Whether the run file itself says how large the vocabulary is; rows beyond the tokenizer's are never used.</summary>
    public required bool VocabularyGiven { get; init; }

    /// <summary>Folder with tokenizer.json; null when the first stage trains one.</summary>
    public required string? TokenizerFolder { get; init; }

    /// <summary>The toy world to write before the first stage; null for none.</summary>
    public required SampleData? Sample { get; init; }

    /// <summary>In the order in which they run; never empty.</summary>
    public required IReadOnlyList<Stage> Stages { get; init; }

    /// <summary>
    /// Everything resolved that may change the bits of the result, as one line of JSON; half of the run's identity. It leaves out what cannot
    /// (name, out, workers, intervals, eval settings) and the paths of files: the other half is the hashes of their content.
    /// </summary>
    public string CanonicalText => CanonicalForm.Of(this);

    /// <summary>runs/NAME.</summary>
    public static string DefaultOut(string name) => Path.Combine("runs", name);

    /// <summary>
    /// Reads and checks a run file. Overrides look like "seed=3", "pretrain.epochs=2" or "model.layers=6": the part before the dot is
    /// the name of a stage, "model" or "sample"; the value is YAML. A toy world in the run's own folder moves with "out" (<see cref="SampleMove"/>).
    /// </summary>
    /// <exception cref="InputException">All faults together, one per line, each with its place, what was expected and found, and the fix.</exception>
    public static RunFile Load(string path, IReadOnlyList<string> overrides, RunFileDefaults? defaults = null)
    {
        var faults = new FaultList(path);
        string fileName = Path.GetFileNameWithoutExtension(path);
        var root = RunFileText.Parse(path);
        var sample = new SampleMove(root, fileName);
        Overrides.Apply(root, overrides, faults);
        sample.Apply(root);
        var run = new RunFileReader(root, faults, defaults ?? RunFileDefaults.Standard).Read(fileName);
        faults.ThrowIfAny();
        return run;
    }
}

/// <summary>Where the toy world goes, and the seed that decides it.</summary>
public sealed record SampleData(string Out, ulong Seed)
{
    /// <summary>Names of the files that the toy world consists of.</summary>
    public static readonly IReadOnlyList<string> FileNames =
        ["pretrain.jsonl", "sft.jsonl", "dpo.jsonl", "lora_identity.jsonl", "reason.jsonl", "questions.jsonl"];

    /// <summary>Paths of those files.</summary>
    public IReadOnlyList<string> Files => [.. FileNames.Select(name => Path.Combine(Out, name))];

    /// <summary>Whether a path is one of <see cref="Files"/>, however it is spelled.</summary>
    public bool Contains(string path) => Files.Any(file => Path.GetFullPath(file) == Path.GetFullPath(path));
}
