using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Protos;
using MiniMind.Text.Configuration;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>What a run file says about a stage, in the words of the wire.</summary>
internal static class StageSpecs
{
    /// <summary>The specification without its artifacts.</summary>
    public static StageSpec Of(RunFile run, TrainingStage stage, int index, string identity, ModelConfig model, IngestedDataset data)
    {
        var optimizer = stage.Optimizer;
        var spec = new StageSpec
        {
            RunId = run.Name, Identity = identity, StageIndex = index, Stage = stage.Name, Kind = stage.Kind,
            ModelConfigJson = HuggingFaceConfig.Serialize(model), SequenceLength = stage.SequenceLength, Lanes = stage.Lanes,
            MicrobatchesPerLane = stage.MicrobatchesPerLane, SequencesPerMicrobatch = stage.SequencesPerMicrobatch, Epochs = stage.Epochs,
            TrainingSequences = data.Training.Sequences, ValidationSequences = data.Validation?.Sequences ?? 0, Seed = run.Seed,
            Precision = run.Precision, Threads = run.Threads, Device = run.Device, ValidationInterval = stage.ValidationInterval,
            CheckpointInterval = stage.CheckpointInterval, SpotCheckInterval = stage.SpotCheckInterval,
            Deadlines = new Deadlines { HeartbeatSeconds = 0.25, SilenceSeconds = 2, PeerSeconds = 60, OrphanSeconds = run.OrphanTimeout },
            Hyperparameters = new Hyperparameters
            {
                LearningRate = optimizer.LearningRate, Schedule = optimizer.Schedule, WarmupSteps = optimizer.WarmupSteps,
                WeightDecay = optimizer.WeightDecay, Beta1 = optimizer.Beta1, Beta2 = optimizer.Beta2, Epsilon = optimizer.Epsilon,
                ClipNorm = optimizer.ClipNorm,
            },
        };
        spec.TotalSteps = new SampleOrder(
            spec.Seed, index, spec.TrainingSequences, spec.Lanes, spec.MicrobatchesPerLane, spec.SequencesPerMicrobatch, spec.Epochs).TotalSteps;
        return spec;
    }
}
