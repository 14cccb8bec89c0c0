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
    private readonly Queue<(TimeSpan Took, long Tokens)> _recent = new();
    private long? _lastCame;
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
        Clock(committed);
        var took = _recent.Aggregate(TimeSpan.Zero, (sum, step) => sum + step.Took);
        double? pace = took > TimeSpan.Zero ? _recent.Sum(step => step.Tokens) / took.TotalSeconds : null;
        TimeSpan? left = took > TimeSpan.Zero ? took / _recent.Count * (spec.TotalSteps - committed.Step) : null;
        return new StepProgress(
            spec.Stage, committed.Step, committed.Loss, committed.HasLearningRate ? committed.LearningRate : null,
            committed.HasGradientNorm ? committed.GradientNorm : null, _tokens, pace, left,
            committed.Skipped);
    }

    /// <summary>
    /// A step takes the time since the one before it, validation and checkpoints included; but what workers have kept while there was no coordinator comes all at
    /// once, and took as long as they say. A step of which nobody knows how long it took does not count.
    /// </summary>
    private void Clock(StepCommitted committed)
    {
        var now = time.GetTimestamp();
        var since = _lastCame is { } before ? time.GetElapsedTime(before, now) : (TimeSpan?)null;
        _lastCame = now;
        if (committed.StepSeconds <= 0 || since is not { } gap) return;
        var computed = TimeSpan.FromSeconds(committed.StepSeconds);
        _recent.Enqueue((gap > computed ? gap : computed, committed.Tokens));
        if (_recent.Count > PaceSteps) _recent.Dequeue();
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
