using MiniMind.Coordinator.Ingestion;
using MiniMind.Text.Packing;
using MiniMind.Text.Tokenization;
using YamlDotNet.RepresentationModel;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>A stage, and the mapping that it was read from for later checks.</summary>
internal readonly record struct ReadStage(Stage Stage, MappingReader Reader);

/// <summary>Reads one entry of "stages".</summary>
internal sealed class StageReader(FaultList faults, RunFileDefaults defaults, SampleData? sample)
{
    public const int MostLanes = 1024;
    public const int LeastSequenceLength = 8;
    public const int MostSequenceLength = 1 << 20;

    private const int LeastVocabulary = 300;
    private const int MostVocabulary = 1 << 18;

    private readonly DataEntries _entries = new(faults, sample);

    /// <summary>Null after a fault that leaves the kind unknown.</summary>
    public ReadStage? Read(YamlNode node, int index)
    {
        string place = $"stages[{index}]";
        if (node is not YamlMappingNode mapping)
        {
            faults.Add(node, place, "a mapping", RunFileText.Describe(node), "for example 'stage: pretrain' with 'data: corpus.jsonl' below it");
            return null;
        }

        var naming = new MappingReader(mapping, place, faults);
        if (naming.Find("stage") is null)
        {
            naming.Fault("stage", string.Join(" or ", StageKinds.All), "nothing", "add 'stage: pretrain'");
            return null;
        }

        string kind = naming.Choice("stage", "", StageKinds.All);
        if (kind.Length == 0) return null;
        string name = naming.Name("name", kind, dots: false);
        if (name is "model" or "sample") naming.Fault("name", "another name", $"'{name}'", "it is a key of the run file itself");
        var reader = new MappingReader(mapping, name, faults);
        reader.Find("stage");
        reader.Find("name");
        var stage = ReadKind(kind, name, reader);
        reader.RejectUnknownKeys();
        return new ReadStage(stage, reader);
    }

    private Stage ReadKind(string kind, string name, MappingReader reader)
    {
        var data = _entries.Read("data", reader, weights: kind is StageKinds.Pretrain or StageKinds.Sft);
        return kind switch
        {
            StageKinds.Tokenizer => new TokenizerStage
            {
                Name = name,
                Data = Paths(data),
                VocabularySize = reader.Integer32("vocabulary_size", defaults.VocabularySize, LeastVocabulary, MostVocabulary),
                MinFrequency = reader.Integer("min_frequency", 2, 1, long.MaxValue),
                Sample = reader.Number("sample", 1, value => value is > 0 and <= 1, "a part above 0, at most 1"),
                Family = reader.Choice("family", TokenizerFamilies.Names[0], TokenizerFamilies.Names),
                Seed = defaults.Seed,
                BadLines = ReadBadLines(reader),
            },
            StageKinds.Eval => new EvalStage
            {
                Name = name,
                Data = Paths(data),
                Samples = reader.Integer32("samples", defaults.Samples, 0, 1000),
                MaxNewTokens = reader.Integer32("max_new_tokens", defaults.MaxNewTokens, 1, 1 << 16),
            },
            _ => ReadTraining(kind, name, data, reader),
        };
    }

    private TrainingStage ReadTraining(string kind, string name, IReadOnlyList<DataSource> data, MappingReader reader)
    {
        bool pretrain = kind == StageKinds.Pretrain;
        return new TrainingStage
        {
            Name = name,
            TrainingKind = kind,
            Data = Paths(data),
            Sources = data,
            Validation = ReadValidation(reader),
            Epochs = reader.Integer32("epochs", 1, 1, 1_000_000),
            Optimizer = ReadOptimizer(reader, pretrain ? defaults.PretrainLearningRate : defaults.SftLearningRate),
            Lanes = reader.Integer32("lanes", defaults.Lanes, 1, MostLanes),
            SequenceLength = reader.Integer32("sequence_length", defaults.SequenceLength, LeastSequenceLength, MostSequenceLength),
            MicrobatchesPerLane = reader.Integer32("microbatches_per_lane", 1, 1, 1 << 16),
            SequencesPerMicrobatch = reader.Integer32("sequences_per_microbatch", 1, 1, 1 << 16),
            ValidationInterval = reader.Integer("validation_interval", defaults.ValidationInterval, 0, long.MaxValue),
            CheckpointInterval = reader.Integer("checkpoint_interval", defaults.CheckpointInterval, 0, long.MaxValue),
            SpotCheckInterval = reader.Integer("spot_check_interval", 0, 0, long.MaxValue),
            LongDocuments = reader.Choice("long_documents", pretrain ? "split" : "cut", ["split", "cut"]) == "split" ? LongDocuments.Split : LongDocuments.Cut,
            BadLines = ReadBadLines(reader),
            // Dialogues only: to others it is an unknown key.
            SystemPrompt = pretrain ? 0 : ReadPart("random_system_prompt", reader),
            DropEmptyThought = pretrain ? 0 : ReadPart("drop_empty_think", reader),
        };
    }

    private static double ReadPart(string key, MappingReader reader) => reader.Number(key, 0, value => value is >= 0 and <= 1, "a part from 0 to 1");

    private static IReadOnlyList<string> Paths(IReadOnlyList<DataSource> data) => [.. data.Select(source => source.Path)];

    private static BadLines ReadBadLines(MappingReader reader) =>
        reader.Choice("bad_lines", "fail", ["fail", "skip"]) == "fail" ? BadLines.Fail : BadLines.Skip;

    private static OptimizerSettings ReadOptimizer(MappingReader reader, double learningRate) => new()
    {
        LearningRate = reader.Number("learning_rate", learningRate, value => value > 0, "a positive number"),
        Schedule = reader.Choice("schedule", TrainingStage.Schedules[0], TrainingStage.Schedules),
        WarmupSteps = reader.Integer("warmup_steps", 0, 0, long.MaxValue),
        WeightDecay = reader.Number("weight_decay", 0.01, value => value is >= 0 and < 1, "a number from 0 to less than 1"),
        Beta1 = reader.Number("beta1", 0.9, value => value is >= 0 and < 1, "a number from 0 to less than 1"),
        Beta2 = reader.Number("beta2", 0.999, value => value is >= 0 and < 1, "a number from 0 to less than 1"),
        Epsilon = reader.Number("epsilon", 1e-8, value => value > 0, "a positive number"),
        ClipNorm = reader.Number("clip_norm", 1.0, value => value >= 0, "a number of at least 0 (0 = no clipping)"),
    };

    private ValidationSource ReadValidation(MappingReader reader)
    {
        const string Key = "validation";
        if (reader.Find(Key) is not { } value) return ValidationSource.HeldOut(defaults.ValidationFraction);
        if (!MappingReader.TryNumber(value, out _)) return new ValidationSource(0, [.. _entries.Read(Key, reader, weights: false).Select(source => source.Path)]);
        return ValidationSource.HeldOut(reader.Number(Key, defaults.ValidationFraction, number => number is >= 0 and <= 0.5, "a fraction from 0 to 0.5, or files"));
    }
}
