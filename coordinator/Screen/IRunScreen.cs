namespace MiniMind.Coordinator.Screen;

/// <summary>
/// Hears what happens in a run and shows or keeps it. Calls may come from any thread and return at once; none of them fails the run.
/// Disposing ends a live display and writes what is pending.
/// </summary>
public interface IRunScreen : IAsyncDisposable
{
    /// <summary>Called often; ends with all bytes done.</summary>
    void DataRead(DataProgress data);

    void StageStarted(StageStart stage);

    void StepCommitted(StepProgress step);

    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Committed steps at which the weights were validated.</param>
    /// <param name="loss">Mean over the held-out target tokens, in nats.</param>
    void Validated(string stage, long step, double loss);

    /// <param name="worker">Name of the worker.</param>
    /// <param name="state">One word for people: starting, preparing, training, spare, gone, …</param>
    void WorkerChanged(string worker, string state);

    /// <param name="number">Membership epoch, growing.</param>
    /// <param name="members">Names of its workers by rank.</param>
    /// <param name="reason">Why it started, in plain words.</param>
    void GenerationStarted(long number, IReadOnlyList<string> members, string reason);

    void CheckpointWritten(string stage, long step, string path);

    /// <summary>One line for people that fits nothing else.</summary>
    void Message(string text);

    void StageEnded(StageSummary stage);

    void RunEnded(RunSummary run);
}
