using System.Globalization;
using MiniMind.Coordinator.Artifacts;
using MiniMind.Protos;
using MiniMind.Text;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Audit;

/// <summary>
/// Derives the order of a stage's samples from (seed, data) and holds the ledger against it: no step is missing or was taken twice, every sequence comes once
/// in each epoch, and what a step counted (sequences, tokens, targets) is what its sequences hold.
/// </summary>
internal sealed class OrderAudit(StageSpec stage, ArtifactStore store, string ledgerPath)
{
    private readonly string _file = Path.GetFileName(ledgerPath);

    public void Check(LedgerReading ledger, bool complete, AuditPart part, CancellationToken cancellation)
    {
        var order = StateAudit.OrderOf(stage);
        var newest = ledger.NewestStep(stage.StageIndex);
        if (complete && newest < order.TotalSteps) part.Fault(_file, $"the stage is complete, but its ledger ends at step {newest} of {order.TotalSteps}");
        if (newest > order.TotalSteps) part.Fault(_file, $"there are {order.TotalSteps} steps, the ledger has a step {newest}");
        var targets = CountTargets(part);
        var seen = new bool[stage.TrainingSequences];
        for (long step = 1; step <= Math.Min(newest, order.TotalSteps); step++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (step % order.StepsPerEpoch == 1 || order.StepsPerEpoch == 1) Array.Clear(seen);
            var taken = Take(order, step, targets, seen, part);
            if (step % order.StepsPerEpoch == 0 && seen.AsSpan().Contains(false)) part.Fault(stage.Stage, $"epoch {order.Epoch(step)} ends at step {step} without having seen every sequence");
            if (ledger.Find(stage.StageIndex, step) is not { } entry) part.Fault(_file, $"step {step} of {stage.Stage} is missing");
            else Compare(entry, order.Samples(step), taken, targets is not null, ledger.PlaceOf((stage.StageIndex, step)), part);
        }
        var steps = string.Create(CultureInfo.InvariantCulture, $"{newest:N0} of {order.TotalSteps:N0} steps");
        if (complete) part.Prove(string.Create(CultureInfo.InvariantCulture, $"{steps}, none missing or twice; {stage.Epochs} epochs of {stage.TrainingSequences:N0} sequences, each once in an epoch"));
        else part.ProveSoFar($"{steps} so far, none missing or twice{Seen(order, newest, seen)}", $"{stage.Stage} after {steps}");
    }

    /// <summary>What is known of the epochs of a stage that is not complete.</summary>
    private string Seen(SampleOrder order, long newest, bool[] seen)
    {
        if (newest == 0) return "";
        var whole = newest / order.StepsPerEpoch;
        var words = whole == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {whole} of {stage.Epochs} epochs whole, each of the {stage.TrainingSequences:N0} sequences once in them");
        return newest % order.StepsPerEpoch == 0
            ? words
            : string.Create(CultureInfo.InvariantCulture, $"{words}; epoch {whole + 1} of {stage.Epochs} begun, {seen.LongCount(taken => taken):N0} of {stage.TrainingSequences:N0} sequences taken, none twice");
    }

    /// <summary>What the sequences of a step hold, each marked as seen.</summary>
    private (long Sequences, long Targets) Take(SampleOrder order, long step, int[]? targets, bool[] seen, AuditPart part)
    {
        long sequences = 0, sum = 0;
        for (var lane = 0; lane < stage.Lanes; lane++)
        {
            for (var microbatch = 0; microbatch < stage.MicrobatchesPerLane; microbatch++)
            {
                foreach (var sequence in order.Microbatch(step, lane, microbatch))
                {
                    if (seen[sequence]) part.Fault(stage.Stage, $"step {step} takes sequence {sequence} a second time in its epoch");
                    seen[sequence] = true;
                    sequences++;
                    sum += targets?[sequence] ?? 0;
                }
            }
        }
        return (sequences, sum);
    }

    private void Compare(LedgerEntry entry, (long First, long End) samples, (long Sequences, long Targets) taken, bool counted, string place, AuditPart part)
    {
        if ((entry.FirstSample, entry.EndSample) != samples)
            part.Fault(place, $"step {entry.Step} of {stage.Stage}: expected the samples {samples.First} to {samples.End - 1}, found {entry.FirstSample} to {entry.EndSample - 1}");
        if (entry.Sums.Sequences != taken.Sequences || entry.Sums.Tokens != taken.Sequences * stage.SequenceLength || (counted && entry.Sums.Targets != taken.Targets))
        {
            part.Fault(place, $"step {entry.Step} of {stage.Stage}: expected {taken.Sequences} sequences with {taken.Targets} targets, "
                + $"found {entry.Sums.Sequences} with {entry.Sums.Targets}");
        }
    }

    /// <summary>Targets of each sequence of the training data; null when it cannot be read.</summary>
    private int[]? CountTargets(AuditPart part)
    {
        var counts = new List<int>();
        try
        {
            foreach (var file in stage.TrainingShards)
            {
                using var shard = ShardReader.Open(store.PathOf(file.Sha256));
                for (long at = 0; at < shard.Count; at++) counts.Add(shard.Read(at).Targets.Count(target => target != PackedSequence.NoTarget));
            }
        }
        catch (InputException fault)
        {
            part.Fault(stage.Stage, $"the targets of its data cannot be counted: {fault.Message}");
            return null;
        }
        if (counts.Count == stage.TrainingSequences) return [.. counts];
        part.Fault(stage.Stage, $"expected {stage.TrainingSequences} sequences in its data, found {counts.Count}");
        return null;
    }
}
