using Google.Protobuf;
using MiniMind.Coordinator.Cluster;
using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Screen;
using MiniMind.Protos;
using MiniMind.Text;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>How a stage ended.</summary>
internal enum StageEnd
{
    Completed,
    Halted,
}

/// <summary>Sees one stage through: begins it, shows what happens, and waits for its end.</summary>
internal sealed class StageRunner(RunClient grain, RunEventQueue events, IRunScreen screen, Action<IReadOnlyList<string>> progressed, TimeSpan firstWorker, TimeProvider time)
{
    /// <summary>Why a stage halts that the user has stopped.</summary>
    public const string Asked = "asked to stop";

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(5);

    private IReadOnlyList<string> _members = [];
    private bool _formed;

    /// <exception cref="InputException">A worker found the input wrong.</exception>
    /// <exception cref="RunFailedException">The stage cannot go on; the message says why.</exception>
    /// <param name="past">What was measured before a step.</param>
    /// <param name="survivors">Workers that an earlier coordinator has started and that are still there; null when that is not known.</param>
    public async Task<(StageEnd End, StageSummary Summary)> RunAsync(
        StageSpec spec, Func<long, (double? FirstLoss, long Tokens)> past, int expectedWorkers, IReadOnlyCollection<string>? survivors, CancellationToken stop)
    {
        _formed = false;
        var firstStep = await grain.BeginStageAsync(spec.ToByteArray(), expectedWorkers, survivors?.ToArray());
        screen.StageStarted(new StageStart(
            spec.Stage, spec.Kind, spec.TotalSteps, firstStep, (long)spec.Lanes * spec.MicrobatchesPerLane * spec.SequencesPerMicrobatch,
            spec.SequenceLength, spec.Lanes, spec.TrainingSequences));
        var meter = new StageProgressMeter(spec, firstStep, past, time);
        await using var stopping = stop.Register(() => _ = grain.StopAsync(Asked));
        while (true)
        {
            var happened = await NextAsync(spec.Stage);
            if (Show(spec, meter, happened) is not { } end) continue;
            var summary = meter.Summary();
            if (end == StageEnd.Completed) screen.StageEnded(summary);
            return (end, summary);
        }
    }

    /// <summary>
    /// Waits for the next event. Before the first generation somebody must come, or at least give a sign of life, within a bounded time; afterwards a long
    /// silence is told, because a step may take long.
    /// </summary>
    private async Task<RunEvent> NextAsync(string stage)
    {
        while (true)
        {
            using var patience = new CancellationTokenSource(_formed ? Quiet : firstWorker, time);
            try
            {
                return await events.Reader.ReadAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!_formed)
            {
                throw new RunFailedException(
                    $"no worker came within {firstWorker.TotalSeconds:0} s (worker_timeout); the workers' logs (logs/ in the run's folder) may say why");
            }
            catch (OperationCanceledException)
            {
                screen.Message($"{stage}: no step for {Quiet.TotalMinutes:0} minutes; the workers' logs (logs/ in the run's folder) may say why");
            }
        }
    }

    private StageEnd? Show(StageSpec spec, StageProgressMeter meter, RunEvent happened)
    {
        switch (happened.HappenedCase)
        {
            case RunEvent.HappenedOneofCase.Committed:
                // What is only told again proves nothing of those who compute now.
                if (!happened.Committed.Repeated) progressed(_members);
                screen.StepCommitted(meter.Add(happened.Committed));
                break;
            case RunEvent.HappenedOneofCase.Validated:
                meter.Add(happened.Validated);
                screen.Validated(spec.Stage, happened.Validated.Step, happened.Validated.Loss);
                break;
            case RunEvent.HappenedOneofCase.Formed:
                (_formed, _members) = (true, [.. happened.Formed.Workers]);
                screen.GenerationStarted(happened.Formed.Number, [.. happened.Formed.Workers], happened.Formed.Reason);
                foreach (var worker in happened.Formed.Workers) screen.WorkerChanged(worker, "training");
                break;
            case RunEvent.HappenedOneofCase.Noticed when happened.Noticed.State == StageLead.Alive:
                break;
            case RunEvent.HappenedOneofCase.Noticed:
                screen.WorkerChanged(happened.Noticed.Worker, happened.Noticed.State);
                if (happened.Noticed.Detail.Length > 0) screen.Message($"{happened.Noticed.Worker}: {happened.Noticed.Detail}");
                break;
            case RunEvent.HappenedOneofCase.Checkpoint:
                screen.CheckpointWritten(spec.Stage, happened.Checkpoint.Step, Path.GetRelativePath(Environment.CurrentDirectory, happened.Checkpoint.Folder));
                break;
            case RunEvent.HappenedOneofCase.Completed when happened.Completed.StageIndex == spec.StageIndex:
                return StageEnd.Completed;
            case RunEvent.HappenedOneofCase.Halted:
                var where = $"{spec.Stage}: halted after step {happened.Halted.Step} of {spec.TotalSteps}";
                const string Further = "the same command with --resume goes on from there";
                if (happened.Halted.Abandoned) throw new RunFailedException($"{where}, because all workers left; {Further}");
                screen.Message($"{where}; {Further}");
                return StageEnd.Halted;
            case RunEvent.HappenedOneofCase.Failed:
                throw happened.Failed.UserError
                    ? new InputException(happened.Failed.Message)
                    : new RunFailedException(happened.Failed.Message);
        }
        return null;
    }
}
