namespace MiniMind.Coordinator.RunFiles;

/// <summary>What a run file may leave out. Hyper-parameters are those of MiniMind's 2026 scripts.</summary>
public sealed record RunFileDefaults
{
    /// <summary>The values used when nothing else is asked for.</summary>
    public static readonly RunFileDefaults Standard = new();

    public ulong Seed { get; init; } = 42;

    /// <summary>Folder of encoded data that all runs share; null keeps it in the run's own folder.</summary>
    public string? Cache { get; init; }

    /// <summary>Worker processes.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Seconds to wait for the first worker of a stage.</summary>
    public int WorkerTimeout { get; init; } = 180;

    /// <summary>Seconds that a worker goes on without a coordinator; then it keeps a checkpoint and ends.</summary>
    public int OrphanTimeout { get; init; } = 60;

    /// <summary>Intra-op threads of one worker.</summary>
    public int Threads { get; init; } = 1;

    public string Device { get; init; } = RunFile.Cpu;

    /// <summary>Logical data-parallel streams of a stage.</summary>
    public int Lanes { get; init; } = 8;

    /// <summary>Tokens of one packed sequence.</summary>
    public int SequenceLength { get; init; } = 256;

    /// <summary>Steps between two log lines.</summary>
    public int LogInterval { get; init; } = 10;

    public int VocabularySize { get; init; } = 6400;

    /// <summary>Part of the training documents that is held out.</summary>
    public double ValidationFraction { get; init; } = 0.01;

    public double PretrainLearningRate { get; init; } = 5e-4;

    public double SftLearningRate { get; init; } = 1e-5;

    /// <summary>Steps between two validations.</summary>
    public long ValidationInterval { get; init; } = 100;

    /// <summary>Steps between two checkpoints.</summary>
    public long CheckpointInterval { get; init; } = 200;

    /// <summary>Questions shown with their answers after an eval stage.</summary>
    public int Samples { get; init; } = 3;

    public int MaxNewTokens { get; init; } = 32;
}
