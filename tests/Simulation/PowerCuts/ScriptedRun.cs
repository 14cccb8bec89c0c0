using MiniMind.Coordinator.Generations;
using MiniMind.Coordinator.Grains;
using MiniMind.Protos;

namespace MiniMind.Simulation.PowerCuts;

/// <summary>
/// A run of one worker, from wherever a disk says to its end: the production storage, ledger, checkpoints and stage lead in the order in which they are at work. It
/// remembers over the lives of its coordinators what anybody was told is durable.
/// </summary>
internal sealed class ScriptedRun(SimulatedDisk disk)
{
    private const int StepsBetweenCheckpoints = 2;

    private static readonly FrozenTime Time = new();

    private readonly ScriptedHistory _history = ScriptedHistory.Instance;
    private readonly HashSet<(int Stage, long Step)> _acknowledged = [];
    private readonly Queue<CheckpointWritten> _toAssemble = [];
    private (int Stage, long Step) _recorded;
    private long _announced;
    private int _completed;
    private int _lives;

    private sealed class FrozenTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

        public override long GetTimestamp() => 0;
    }

    /// <summary>Goes on to the end, unless the disk stops.</summary>
    /// <exception cref="DiskStoppedException">It stopped.</exception>
    public async Task LiveAsync()
    {
        _lives++;
        _toAssemble.Clear();
        var open = await CoordinatorDisk.StartAsync(disk, Time);
        foreach (var file in _history.Stages.SelectMany(stage => stage.Tokenizer.Concat(stage.TrainingShards))) await PutAsync(open, file);
        var refusal = await open.Run.OpenAsync(_history.Identity, _history.Settings, ScriptedHistory.Inputs, []);
        Assert.Null(refusal);
        Assert.Null(Lost(open));
        foreach (var stage in _history.Stages.Where(stage => !open.State.State.CompletedStages.Contains(stage.StageIndex))) await TrainAsync(open, stage);
    }

    /// <summary>What was promised and is not there.</summary>
    private string? Lost(CoordinatorDisk open)
    {
        var record = open.State.State;
        if (_acknowledged.FirstOrDefault(step => open.Ledger.HashOf(step.Stage, step.Step) != _history.Entries[step].Hash) is { Step: > 0 } lost) return $"the acknowledged step {lost}";
        if ((open.Run.Newest?.Number ?? 0) < _announced) return $"the announced generation {_announced}";
        var newest = record.Checkpoints.Select(checkpoint => (checkpoint.StageIndex, checkpoint.Step)).LastOrDefault();
        if (newest.CompareTo(_recorded) < 0) return $"the recorded checkpoint {_recorded}: the newest is {newest}";
        if (record.CompletedStages.Count < _completed) return "a completed stage";
        return CoordinatorDisk.Fault(disk, record, open.Ledger);
    }

    private async Task TrainAsync(CoordinatorDisk open, StageSpec stage)
    {
        await open.Run.RememberAsync(stage);
        var options = new StageControllerOptions(stage.StageIndex, new GenerationOptions(1, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(15)));
        var membership = open.Run.OpenMembership();
        var controller = new StageController(options, null, open.Run.Newest?.Number ?? 0, Time, _ => false) { Probe = open.State.State.Probe };
        var effects = new GrainEffects(
            stage, open.State, open.Checkpoints, CoordinatorDisk.Folder, membership, (_, order) => Hear(order), Hear, _toAssemble.Enqueue, happened => Hear(stage, happened));
        var progress = open.Run.Progress(stage.StageIndex);
        var lead = new StageLead(stage, controller, open.Ledger, progress, effects);
        await lead.ConnectAsync(new Hello { Worker = "w", Incarnation = Incarnation, Endpoint = "w:1", Step = -1 });
        await ReportAsync(lead, new WorkerReport { Prepared = new Prepared { StageIndex = stage.StageIndex, Probe = "probe" } });
        for (var step = Math.Max(0, progress.RestoreStep) + 1; step <= stage.TotalSteps; step++)
        {
            await ReportAsync(lead, new WorkerReport { Applied = new Applied { Entry = _history.Entries[(stage.StageIndex, step)] } });
            if (step % StepsBetweenCheckpoints == 0 || step == stage.TotalSteps) await CheckpointAsync(open, lead, stage, step);
        }
        await lead.TickAsync();
        Assert.Contains(stage.StageIndex, open.State.State.CompletedStages);
    }

    private async Task CheckpointAsync(CoordinatorDisk open, StageLead lead, StageSpec stage, long step)
    {
        // The best one is neither the first nor the last.
        var loss = 1 + Math.Abs(step - 2 * StepsBetweenCheckpoints);
        await ReportAsync(lead, new WorkerReport { Validated = new Validated { StageIndex = stage.StageIndex, Step = step, Sums = new TailSums { LossNumerator = loss, Targets = 1 } } });
        var written = _history.Checkpoint(stage, step);
        foreach (var file in written.Files) await PutAsync(open, file);
        await ReportAsync(lead, new WorkerReport { CheckpointWritten = written });
        while (_toAssemble.TryDequeue(out var next))
        {
            await open.Checkpoints.AssembleAsync(stage.Stage, next);
            await lead.AssembledAsync(next);
        }
    }

    private string Incarnation => $"w#{_lives}";

    private Task ReportAsync(StageLead lead, WorkerReport report) => lead.HandleAsync("w", Incarnation, report);

    private async Task PutAsync(CoordinatorDisk open, ArtifactRef file) => await open.Artifacts.PutAsync(new MemoryStream(_history[file]), file.Sha256, file.Size);

    private void Hear(CoordinatorOrder order)
    {
        if (order.Durable is { } durable) _acknowledged.Add((durable.StageIndex, durable.Step));
        if (order.Generation is { } generation) _announced = generation.Number;
    }

    private void Hear(StageSpec stage, RunEvent happened)
    {
        if (happened.Checkpoint is { } checkpoint) _recorded = (stage.StageIndex, checkpoint.Step);
        if (happened.Completed is not null) _completed++;
        Assert.Null(happened.Failed);
    }
}
