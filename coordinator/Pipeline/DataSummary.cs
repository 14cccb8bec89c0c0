using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;
using MiniMind.Text.Packing;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>What became of a stage's data, in lines for people: every document that was given is in one of the numbers.</summary>
internal static class DataSummary
{
    public static IEnumerable<string> Lines(TrainingStage stage, IngestedDataset data)
    {
        var (totals, lines) = (data.Training.Totals, data.Lines);
        string[] remarks =
        [
            data.Validation is { } held ? $"; held out: {held.Totals.Documents:N0} documents in {held.Sequences:N0} sequences" : "; no document is held out",
            lines.LeftOut > 0 ? $"; {lines.LeftOut:N0} left out by weight" : "",
            lines.Repeated > 0 ? $"; {lines.Repeated:N0} taken again by weight" : "",
            data.FromCache ? "; from the cache" : "",
        ];
        yield return $"{stage.Name}: {totals.Documents:N0} documents, {totals.Tokens:N0} tokens in {data.Training.Sequences:N0} sequences of {stage.SequenceLength}, "
            + $"fill {data.Training.Fill:P1}{string.Concat(remarks)}";
        if (Losses(totals) is { Length: > 0 } losses) yield return $"{stage.Name}: lost of the training data: {losses}";
        if (Losses(HeldOut(data)) is { Length: > 0 } heldLosses) yield return $"{stage.Name}: lost of the held-out data: {heldLosses}";
        if (lines.Bad.Count > 0) yield return $"{stage.Name}: {lines.Bad.Count:N0} bad lines skipped: {string.Join("; ", lines.Bad.Quote(stage.Files))}";
    }

    private static string Losses(PackingTotals totals)
    {
        string byCut = totals.DroppedByCut > 0 ? $" ({totals.DroppedByCut:N0} of them because of the cut)" : "";
        string[] losses =
        [
            totals.Cut > 0 ? $"{totals.Cut:N0} documents cut by {totals.CutTokens:N0} tokens" : "",
            totals.Dropped > 0 ? $"{totals.Dropped:N0} documents without anything to learn{byCut}" : "",
            totals.DroppedPieces > 0 ? $"{totals.DroppedPieces:N0} pieces ({totals.DroppedPieceTokens:N0} tokens) without anything to learn" : "",
        ];
        return string.Join("; ", losses.Where(loss => loss.Length > 0));
    }

    /// <summary>Of held-out documents that were all dropped there is no manifest; how many they were, the count of lines tells.</summary>
    private static PackingTotals HeldOut(IngestedDataset data)
    {
        var (training, lines) = (data.Training.Totals, data.Lines);
        return data.Validation?.Totals
            ?? new PackingTotals { Dropped = lines.Read + lines.Repeated - lines.Bad.Count - lines.LeftOut - training.Documents - training.Dropped };
    }
}
