namespace MiniMind.Coordinator.Screen;

/// <summary>A stage begins, or goes on after a resume.</summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="Kind">pretrain, sft, eval, …</param>
/// <param name="TotalSteps">Steps of all epochs; 0 for a stage without steps.</param>
/// <param name="FirstStep">Steps that are done already; 0 unless resumed.</param>
/// <param name="SequencesPerStep">Packed sequences of one full step.</param>
/// <param name="SequenceLength">Tokens of one sequence.</param>
/// <param name="Lanes">Logical data-parallel streams.</param>
/// <param name="TrainingSequences">Packed sequences of one epoch.</param>
public sealed record StageStart(
    string Stage, string Kind, long TotalSteps, long FirstStep, long SequencesPerStep, int SequenceLength, int Lanes, long TrainingSequences)
{
    /// <summary>Tokens of one full step.</summary>
    public long TokensPerStep => SequencesPerStep * SequenceLength;
}

/// <summary>Data is being read, before the stages begin.</summary>
/// <param name="Name">Name of the stage whose data it is.</param>
/// <param name="Doing">What is done with it, in one word: hashing, encoding.</param>
/// <param name="BytesDone">Bytes of its files that have been read.</param>
/// <param name="BytesTotal">Bytes of all its files.</param>
/// <param name="BytesPerSecond">Pace since this began; 0 while unknown.</param>
/// <param name="Left">Time until it ends at this pace; null while unknown.</param>
public sealed record DataProgress(string Name, string Doing, long BytesDone, long BytesTotal, double BytesPerSecond, TimeSpan? Left)
{
    /// <summary>Part that is done, 0..1.</summary>
    public double Share => BytesTotal == 0 ? 1 : (double)BytesDone / BytesTotal;

    /// <summary>For people: "encoding, 42.0 %, 12.3 MB/s, left 1:30".</summary>
    public override string ToString() => $"{Doing}, {Figures.Percent(Share)} %, {Figures.Megabytes(BytesPerSecond)}/s, left {Figures.Time(Left)}";
}

/// <summary>One committed step.</summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="Step">Committed steps, this one included.</param>
/// <param name="Loss">Mean over the step's target tokens, in nats.</param>
/// <param name="LearningRate">Of this update; null when whoever computed it is gone.</param>
/// <param name="GradientNorm">Before clipping; null as well.</param>
/// <param name="Tokens">Tokens of the stage so far.</param>
/// <param name="TokensPerSecond">Recent pace of all workers together.</param>
/// <param name="Left">Time until the stage ends at this pace; null while unknown.</param>
/// <param name="Skipped">The update was left out: nothing to learn from, or a norm that is no number.</param>
public sealed record StepProgress(
    string Stage, long Step, double Loss, double? LearningRate, double? GradientNorm, long Tokens, double? TokensPerSecond, TimeSpan? Left,
    bool Skipped = false);

/// <summary>What one stage came to; null where the stage has no such figure.</summary>
public sealed record StageSummary(string Stage)
{
    public long? Steps { get; init; }
    public long? Tokens { get; init; }
    public double? FirstLoss { get; init; }
    public double? LastLoss { get; init; }
    public double? ValidationLoss { get; init; }
    public TimeSpan Wall { get; init; }

    /// <summary>Part of the questions answered exactly, 0..1, before the first training stage.</summary>
    public double? ExactMatchBefore { get; init; }

    /// <summary>The same at the end of this stage.</summary>
    public double? ExactMatchAfter { get; init; }
}

/// <summary>A question with the model's answer and the right one.</summary>
public sealed record SampleAnswer(string Question, string Answer, string Expected);

/// <summary>What the whole run came to.</summary>
/// <param name="Stages">In order.</param>
/// <param name="Samples">A few questions and answers.</param>
/// <param name="Wall">Time from start to end.</param>
/// <param name="Result">Folder of the final checkpoint; null when there is none.</param>
public sealed record RunSummary(IReadOnlyList<StageSummary> Stages, IReadOnlyList<SampleAnswer> Samples, TimeSpan Wall, string? Result);
