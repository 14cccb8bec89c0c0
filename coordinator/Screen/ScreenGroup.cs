namespace MiniMind.Coordinator.Screen;

/// <summary>Tells several screens the same, for example a live display and the metrics file; disposes them all.</summary>
public sealed class ScreenGroup(params IReadOnlyList<IRunScreen> screens) : IRunScreen
{
    public void DataRead(DataProgress data) => Tell(screen => screen.DataRead(data));

    public void StageStarted(StageStart stage) => Tell(screen => screen.StageStarted(stage));

    public void StepCommitted(StepProgress step) => Tell(screen => screen.StepCommitted(step));

    public void Validated(string stage, long step, double loss) => Tell(screen => screen.Validated(stage, step, loss));

    public void WorkerChanged(string worker, string state) => Tell(screen => screen.WorkerChanged(worker, state));

    public void GenerationStarted(long number, IReadOnlyList<string> members, string reason) =>
        Tell(screen => screen.GenerationStarted(number, members, reason));

    public void CheckpointWritten(string stage, long step, string path) => Tell(screen => screen.CheckpointWritten(stage, step, path));

    public void Message(string text) => Tell(screen => screen.Message(text));

    public void StageEnded(StageSummary stage) => Tell(screen => screen.StageEnded(stage));

    public void RunEnded(RunSummary run) => Tell(screen => screen.RunEnded(run));

    public async ValueTask DisposeAsync()
    {
        foreach (var screen in screens) await screen.DisposeAsync();
    }

    private void Tell(Action<IRunScreen> what)
    {
        foreach (var screen in screens) what(screen);
    }
}
