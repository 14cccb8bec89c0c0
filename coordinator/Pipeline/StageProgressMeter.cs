using MiniMind.Coordinator.Screen;
using MiniMind.Protos;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Follows one stage's events: pace, time left, and the figures of its summary.</summary>
/// <param name="past">Loss of the stage's first step, and its tokens up to a step, when it was begun before.</param>
internal sealed class StageProgressMeter(StageSpec spec, long firstStep, Func<long, (double? FirstLoss, long Tokens)> past, TimeProvider time)
{
    // The pace of the last steps; the whole stage's would remember a slow start for ever.
    private const int PaceSteps = 20;

    private readonly long _start = time.GetTimestamp();
    private readonly Queue<(long Timestamp, long Tokens)> _recent = new();
    private long _steps = firstStep;
    private long _tokens = past(firstStep).Tokens;
    private double? _firstLoss = past(firstStep).FirstLoss;
    private double? _lastLoss;
    private double? _validation;

    /// <summary>A step has been committed.</summary>
    public StepProgress Add(StepCommitted committed)
    {
        // What was handed over begins later than the stage was to go on.
        if (committed.Step != _steps + 1) (_firstLoss, _tokens) = past(committed.Step - 1);
        _steps = committed.Step;
        _tokens += committed.Tokens;
        _firstLoss ??= committed.Loss;
        _lastLoss = committed.Loss;
        _recent.Enqueue((time.GetTimestamp(), committed.Tokens));
        if (_recent.Count > PaceSteps) _recent.Dequeue();
        var (from, first) = _recent.Peek();
        var elapsed = time.GetElapsedTime(from);
        var known = _recent.Count > 1 && elapsed > TimeSpan.Zero;
        double? pace = known ? (_recent.Sum(entry => entry.Tokens) - first) / elapsed.TotalSeconds : null;
        TimeSpan? left = known ? elapsed / (_recent.Count - 1) * (spec.TotalSteps - committed.Step) : null;
        return new StepProgress(
            spec.Stage, committed.Step, committed.Loss, committed.HasLearningRate ? committed.LearningRate : null,
            committed.HasGradientNorm ? committed.GradientNorm : null, _tokens, pace, left,
            committed.Skipped, committed.Repeated);
    }

    /// <summary>The weights have been validated.</summary>
    public void Add(ValidationDone validated) => _validation = validated.Loss;

    /// <summary>What the stage came to.</summary>
    public StageSummary Summary() => new(spec.Stage)
    {
        Steps = _steps, Tokens = _tokens, FirstLoss = _firstLoss, LastLoss = _lastLoss, ValidationLoss = _validation,
        Wall = time.GetElapsedTime(_start),
    };
}
