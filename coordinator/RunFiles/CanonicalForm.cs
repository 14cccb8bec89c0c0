using System.Globalization;
using System.Text;
using System.Text.Json;
using MiniMind.Coordinator.Ingestion;
using MiniMind.Text.Configuration;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>Writes what may change bits, in one fixed order and spelling.</summary>
internal static class CanonicalForm
{
    public static string Of(RunFile run)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("seed", run.Seed);
            json.WriteNumber("threads", run.Threads);
            json.WriteString("device", run.Device);
            json.WriteString("precision", run.Precision);
            Write(json, run.Model);
            if (run.Sample is { } sample)
            {
                // The data that it makes is hashed as well; here it says what to undo.
                json.WriteStartObject("sample");
                json.WriteNumber("seed", sample.Seed);
                json.WriteEndObject();
            }
            json.WriteStartArray("stages");
            foreach (var stage in run.Stages) Write(json, stage);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, ModelConfig model)
    {
        json.WriteStartObject("model");
        json.WriteNumber("hidden_size", model.HiddenSize);
        json.WriteNumber("layers", model.Layers);
        json.WriteNumber("heads", model.Heads);
        json.WriteNumber("key_value_heads", model.KeyValueHeads);
        json.WriteNumber("head_size", model.HeadWidth);
        json.WriteNumber("feed_forward_size", model.FeedForwardWidth);
        json.WriteNumber("vocabulary_size", model.VocabularySize);
        json.WriteNumber("max_positions", model.MaxPositions);
        json.WriteNumber("rope_theta", model.RopeTheta);
        json.WriteNumber("norm_epsilon", model.NormEpsilon);
        json.WriteNumber("initializer_range", model.InitializerRange);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Stage stage)
    {
        json.WriteStartObject();
        json.WriteString("stage", stage.Kind);
        json.WriteString("name", stage.Name);
        json.WriteNumber("files", stage.Data.Count);
        if (stage is TokenizerStage tokenizer) Write(json, tokenizer);
        if (stage is TrainingStage training) Write(json, training);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, TokenizerStage stage)
    {
        json.WriteNumber("vocabulary_size", stage.VocabularySize);
        json.WriteString("bad_lines", Spell(stage.BadLines));
        json.WriteNumber("min_frequency", stage.MinFrequency);
        json.WriteNumber("sample", stage.Sample);
        json.WriteString("family", stage.Family);
    }

    private static void Write(Utf8JsonWriter json, TrainingStage stage)
    {
        json.WriteNumber("validation_fraction", stage.Validation.Fraction);
        json.WriteNumber("validation_files", stage.Validation.Files.Count);
        json.WriteNumber("epochs", stage.Epochs);
        json.WriteNumber("lanes", stage.Lanes);
        json.WriteNumber("sequence_length", stage.SequenceLength);
        json.WriteNumber("microbatches_per_lane", stage.MicrobatchesPerLane);
        json.WriteNumber("sequences_per_microbatch", stage.SequencesPerMicrobatch);
        json.WriteString("long_documents", stage.LongDocuments == LongDocuments.Split ? "split" : "cut");
        json.WriteString("bad_lines", Spell(stage.BadLines));
        if (stage.Sources.Any(source => source.Weight != 1))
            json.WriteString("weights", string.Join(' ', stage.Sources.Select(source => source.Weight.ToString("R", CultureInfo.InvariantCulture))));
        if (stage.SystemPrompt > 0) json.WriteNumber("random_system_prompt", stage.SystemPrompt);
        if (stage.DropEmptyThought > 0) json.WriteNumber("drop_empty_think", stage.DropEmptyThought);
        json.WriteNumber("learning_rate", stage.Optimizer.LearningRate);
        json.WriteString("schedule", stage.Optimizer.Schedule);
        json.WriteNumber("warmup_steps", stage.Optimizer.WarmupSteps);
        json.WriteNumber("weight_decay", stage.Optimizer.WeightDecay);
        json.WriteNumber("beta1", stage.Optimizer.Beta1);
        json.WriteNumber("beta2", stage.Optimizer.Beta2);
        json.WriteNumber("epsilon", stage.Optimizer.Epsilon);
        json.WriteNumber("clip_norm", stage.Optimizer.ClipNorm);
    }

    private static string Spell(BadLines badLines) => badLines == BadLines.Fail ? "fail" : "skip";
}
