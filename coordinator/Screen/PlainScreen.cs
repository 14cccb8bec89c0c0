namespace MiniMind.Coordinator.Screen;

/// <summary>One line of text per event, with the time since the run began: for log files and pipes.</summary>
/// <param name="output">Where lines go; it is flushed after each and not disposed.</param>
/// <param name="time">The clock behind the time since the start.</param>
/// <param name="logInterval">Steps between two lines; the first and the last step of a stage are always written.</param>
public sealed class PlainScreen(TextWriter output, TimeProvider time, int logInterval) : IRunScreen
{
    private static readonly TimeSpan DataInterval = TimeSpan.FromSeconds(10);

    private readonly long _start = time.GetTimestamp();
    private readonly Lock _gate = new();
    private StageStart? _stage;
    private bool _closed;
    private string _reading = "";
    private long _toldReading;

    /// <summary>A line in ten seconds at most, and none for what takes less.</summary>
    public void DataRead(DataProgress data)
    {
        if (_reading != data.Name)
        {
            (_reading, _toldReading) = (data.Name, time.GetTimestamp());
            return;
        }
        if (time.GetElapsedTime(_toldReading) < DataInterval) return;
        _toldReading = time.GetTimestamp();
        Write($"{data.Name}: {data}");
    }

    public void StageStarted(StageStart stage)
    {
        _stage = stage;
        if (stage.TotalSteps == 0)
        {
            Write($"{stage.Stage}: started");
            return;
        }

        string begun = stage.FirstStep > 0 ? $"goes on after step {stage.FirstStep} of {stage.TotalSteps}, steps" : $"started, {stage.TotalSteps} steps";
        Write($"{stage.Stage}: {begun} of {stage.SequencesPerStep} sequences × {stage.SequenceLength} tokens = {stage.TokensPerStep} tokens, {stage.Lanes} lanes, {stage.TrainingSequences} sequences per epoch");
    }

    public void StepCommitted(StepProgress step)
    {
        bool edge = step.Step == 1 || step.Step == _stage?.TotalSteps;
        if (!edge && !step.Skipped && step.Step % logInterval != 0) return;
        string skipped = step.Skipped ? ", update skipped" : "";
        Write($"{step.Stage}: step {step.Step}/{_stage?.TotalSteps}, loss {Figures.Loss(step.Loss)}, lr {Figures.Rate(step.LearningRate)}, "
            + $"grad norm {Figures.Norm(step.GradientNorm)}, {Figures.Count(step.TokensPerSecond)} tokens/s, left {Figures.Time(step.Left)}{skipped}");
    }

    public void Validated(string stage, long step, double loss) => Write($"{stage}: step {step}, validation loss {Figures.Loss(loss)}");

    public void WorkerChanged(string worker, string state) => Write($"worker {worker}: {state}");

    public void GenerationStarted(long number, IReadOnlyList<string> members, string reason) =>
        Write($"generation {number}: {string.Join(", ", members)} ({reason})");

    public void CheckpointWritten(string stage, long step, string path) => Write($"{stage}: step {step}, checkpoint {path}");

    public void Message(string text) => Write(text);

    public void StageEnded(StageSummary stage) => Write(stage.ExactMatchAfter is { } match
        ? $"{stage.Stage}: done in {Figures.Time(stage.Wall)}, exact match {Figures.Percent(stage.ExactMatchBefore)} -> {Figures.Percent(match)} %"
        : $"{stage.Stage}: done in {Figures.Time(stage.Wall)}, loss {Figures.Loss(stage.FirstLoss)} -> {Figures.Loss(stage.LastLoss)}, validation {Figures.Loss(stage.ValidationLoss)}");

    public void RunEnded(RunSummary run) => Print([.. SummaryText.Lines(run)]);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Write(string line)
    {
        string stamp = Figures.Time(time.GetElapsedTime(_start));
        Print($"[{stamp}] {line}");
    }

    private void Print(params string[] lines)
    {
        lock (_gate)
        {
            if (_closed) return;
            try
            {
                foreach (string line in lines) output.WriteLine(line);
                output.Flush();
            }
            catch (IOException)
            {
                // A terminal or pipe that is gone ends the lines, not the run; metrics.jsonl has it all.
                _closed = true;
            }
        }
    }
}
