using MiniMind.Text.Configuration;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>Reads the top level of a run file, then its stages, then checks what only makes sense together.</summary>
internal sealed class RunFileReader(YamlMappingNode root, FaultList faults, RunFileDefaults defaults)
{
    private readonly MappingReader _top = new(root, "", faults);

    public RunFile Read(string fileName)
    {
        string name = _top.Name("name", SafeName(fileName), dots: true);
        ulong seed = _top.Seed("seed", defaults.Seed);
        var stageDefaults = defaults with
        {
            Seed = seed,
            Lanes = _top.Integer32("lanes", defaults.Lanes, 1, StageReader.MostLanes),
            SequenceLength = _top.Integer32("sequence_length", defaults.SequenceLength, StageReader.LeastSequenceLength, StageReader.MostSequenceLength),
        };
        var sample = ReadSample(seed);
        string? tokenizer = _top.Text("tokenizer");
        var stages = ReadStages(new StageReader(faults, stageDefaults, sample));
        var model = ReadModel(stages, tokenizer);
        CheckTokenizer(stages, tokenizer);
        CheckOrder(stages);
        CheckPositions(stages, model);
        var run = new RunFile
        {
            Name = name,
            Seed = seed,
            Out = _top.Text("out") ?? RunFile.DefaultOut(name),
            Cache = _top.Text("cache") ?? defaults.Cache,
            Workers = _top.Integer32("workers", defaults.Workers, 0, 1024),
            WorkerTimeout = _top.Integer32("worker_timeout", defaults.WorkerTimeout, 1, 1_000_000),
            OrphanTimeout = _top.Integer32("orphan_timeout", defaults.OrphanTimeout, 1, 1_000_000),
            Threads = _top.Integer32("threads", defaults.Threads, 1, 1024),
            Device = _top.Choice("device", defaults.Device, [RunFile.Cpu, RunFile.Cuda]),
            Precision = _top.Choice("precision", RunFile.SinglePrecision, [RunFile.SinglePrecision]),
            LogInterval = _top.Integer32("log_interval", defaults.LogInterval, 1, int.MaxValue),
            Model = model,
            VocabularyGiven = _top.Find("model") is YamlMappingNode sizes && sizes.Children.ContainsKey("vocabulary_size"),
            TokenizerFolder = tokenizer,
            Sample = sample,
            Stages = [.. stages.Select(read => read.Stage)],
        };
        _top.RejectUnknownKeys();
        return run;
    }

    private SampleData? ReadSample(ulong seed)
    {
        if (_top.Find("sample") is not { } node) return null;
        if (node is not YamlMappingNode mapping)
        {
            _top.Fault("sample", "a mapping", RunFileText.Describe(node), "for example 'sample: {out: runs/my-run/data, seed: 42}'");
            return null;
        }

        var reader = new MappingReader(mapping, "sample", faults);
        string? folder = reader.Text("out");
        if (reader.Find("out") is null) reader.Fault("out", "the folder to write the toy world to", "nothing", "add 'out: runs/my-run/data'");
        var sample = new SampleData(folder ?? "", reader.Seed("seed", seed));
        reader.RejectUnknownKeys();
        return folder is null ? null : sample;
    }

    private List<ReadStage> ReadStages(StageReader reader)
    {
        if (_top.Find("stages") is not YamlSequenceNode { Children.Count: > 0 } list)
        {
            _top.Fault("stages", "a list of stages", RunFileText.Describe(_top.Find("stages")), "for example 'stages: [{stage: pretrain, data: corpus.jsonl}]'");
            return [];
        }

        var stages = new List<ReadStage>();
        for (int i = 0; i < list.Children.Count; i++)
        {
            if (reader.Read(list.Children[i], i) is not { } read) continue;
            var twin = stages.FirstOrDefault(earlier => earlier.Stage.Name == read.Stage.Name);
            if (twin.Stage is not null)
                faults.Add(read.Reader.Node, $"stages[{i}].name", "a name of its own", $"a second '{read.Stage.Name}'", $"add 'name: {read.Stage.Name}-2'");
            stages.Add(read);
        }

        return stages;
    }

    private ModelConfig ReadModel(List<ReadStage> stages, string? tokenizer)
    {
        int? vocabulary = stages.Select(read => read.Stage).OfType<TokenizerStage>().FirstOrDefault()?.VocabularySize;
        if (tokenizer is not null) vocabulary = TokenizerFolder.CountTokens(tokenizer, _top);
        if (_top.Find("model") is { } node) return new ModelReader(_top, faults).Read(node, vocabulary);
        bool trains = stages.Count == 0 || stages.Any(read => read.Stage is TrainingStage);
        if (trains) _top.Fault("model", "a preset or a mapping of sizes", "nothing", $"add 'model: {ModelPresets.Tiny.Name}'");
        return ModelPresets.Tiny with { VocabularySize = vocabulary ?? ModelPresets.Tiny.VocabularySize };
    }

    private void CheckTokenizer(List<ReadStage> stages, string? folder)
    {
        var trained = stages.FirstOrDefault(read => read.Stage is TokenizerStage);
        if (folder is not null && trained.Stage is not null)
            _top.Fault("tokenizer", "either a tokenizer folder or a tokenizer stage", "both", "remove one of them");
        if (folder is null && trained.Stage is null && stages.Count > 0 && _top.Find("tokenizer") is null)
            _top.Fault("tokenizer", "a tokenizer", "none", "add 'tokenizer: path/to/folder' or a first stage 'stage: tokenizer'");
        if (trained.Stage is not null && stages[0].Stage != trained.Stage)
            faults.Add(trained.Reader.Node, trained.Stage.Name, "the tokenizer stage before all others", $"'{stages[0].Stage.Name}' before it", "move it to the top of 'stages'");
        foreach (var second in stages.Where(read => read.Stage is TokenizerStage).Skip(1))
            faults.Add(second.Reader.Node, second.Stage.Name, "one tokenizer stage", "a second one", "remove it");
    }

    private void CheckOrder(List<ReadStage> stages)
    {
        bool trained = false;
        foreach (var (stage, reader) in stages)
        {
            trained |= stage is TrainingStage;
            if (stage is EvalStage && !trained)
                faults.Add(reader.Node, stage.Name, "a pretrain or sft stage before it", "none", "move it behind the stage that it measures");
        }
    }

    private static void CheckPositions(List<ReadStage> stages, ModelConfig model)
    {
        foreach (var (stage, reader) in stages)
        {
            if (stage is not TrainingStage training || training.SequenceLength <= model.MaxPositions) continue;
            reader.Fault("sequence_length", $"at most the model's max_positions {model.MaxPositions}", $"'{training.SequenceLength}'", "shorten it or raise model.max_positions");
        }
    }

    /// <summary>The name of a run whose file gives none.</summary>
    public static string SafeName(string fileName)
    {
        string kept = string.Concat(fileName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));
        return kept.Trim('.').Length > 0 ? kept : "run";
    }
}
