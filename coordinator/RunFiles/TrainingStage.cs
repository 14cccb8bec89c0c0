using MiniMind.Coordinator.Ingestion;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.RunFiles;

/// <summary>A stage that updates weights: pretrain or sft.</summary>
public sealed record TrainingStage : Stage
{
    /// <summary>The way the learning rate falls, as the wire spells it.</summary>
    public static readonly IReadOnlyList<string> Schedules = ["cosine", "cosine-2025", "constant"];

    public override string Kind => TrainingKind;

    /// <summary><see cref="StageKinds.Pretrain"/> or <see cref="StageKinds.Sft"/>.</summary>
    public required string TrainingKind { get; init; }

    /// <summary>The files of <see cref="Stage.Data"/>, with their weights.</summary>
    public required IReadOnlyList<DataSource> Sources { get; init; }

    public required ValidationSource Validation { get; init; }

    /// <summary>Paths of all files: those to train on, then those to validate on.</summary>
    public IReadOnlyList<string> Files => [.. Data, .. Validation.Files];

    /// <summary>Passes over the training sequences.</summary>
    public required int Epochs { get; init; }

    public required OptimizerSettings Optimizer { get; init; }

    /// <summary>Logical data-parallel streams, whatever the number of workers.</summary>
    public required int Lanes { get; init; }

    /// <summary>Tokens of one packed sequence.</summary>
    public required int SequenceLength { get; init; }

    /// <summary>Forward and backward passes of one lane in one step.</summary>
    public required int MicrobatchesPerLane { get; init; }

    public required int SequencesPerMicrobatch { get; init; }

    /// <summary>Steps between two validations, 0 = only at the end.</summary>
    public required long ValidationInterval { get; init; }

    /// <summary>Steps between two checkpoints, 0 = only at the end.</summary>
    public required long CheckpointInterval { get; init; }

    /// <summary>Steps between two spot checks, 0 = never.</summary>
    public required long SpotCheckInterval { get; init; }

    public required LongDocuments LongDocuments { get; init; }

    public required BadLines BadLines { get; init; }

    /// <summary>Part (0..1) of the dialogues without a system message that get one.</summary>
    public double SystemPrompt { get; init; }

    /// <summary>Part (0..1) of the dialogues from which empty think blocks are removed.</summary>
    public double DropEmptyThought { get; init; }

    /// <summary>Packed sequences of one full step: lanes × microbatches per lane × sequences per microbatch.</summary>
    public long SequencesPerStep => (long)Lanes * MicrobatchesPerLane * SequencesPerMicrobatch;
}

/// <summary>AdamW and its schedule. <see cref="ClipNorm"/> 0 means no clipping.</summary>
public sealed record OptimizerSettings
{
    public required double LearningRate { get; init; }
    public required string Schedule { get; init; }
    public required long WarmupSteps { get; init; }
    public required double WeightDecay { get; init; }
    public required double Beta1 { get; init; }
    public required double Beta2 { get; init; }
    public required double Epsilon { get; init; }
    public required double ClipNorm { get; init; }
}

/// <summary>What a stage is validated on: its own files if there are any, else a held-out fraction (0..0.5) of the training documents.</summary>
public sealed record ValidationSource(double Fraction, IReadOnlyList<string> Files)
{
    public static ValidationSource HeldOut(double fraction) => new(fraction, []);
}
