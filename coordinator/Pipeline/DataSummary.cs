using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.RunFiles;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>What became of a stage's data, in lines for people: every document that was given is in one of the numbers.</summary>
internal static class DataSummary
{
    public static IEnumerable<string> Lines(TrainingStage stage, IngestedDataset data)
    {
        var (totals, lines) = (data.Training.Totals, data.Lines);
        var dropped = Dropped(data);
        string[] remarks =
        [
            data.Validation is { } held ? $"; held out: {held.Totals.Documents:N0} documents in {held.Sequences:N0} sequences" : "; no document is held out",
            totals.Cut > 0 ? $"; {totals.Cut:N0} cut by {totals.CutTokens:N0} tokens" : "",
            dropped > 0 ? $"; {dropped:N0} dropped, because nothing in them is a target (no answer, or it was cut off)" : "",
            lines.LeftOut > 0 ? $"; {lines.LeftOut:N0} left out by weight" : "",
            lines.Repeated > 0 ? $"; {lines.Repeated:N0} taken again by weight" : "",
            data.FromCache ? "; from the cache" : "",
        ];
        yield return $"{stage.Name}: {totals.Documents:N0} documents, {totals.Tokens:N0} tokens in {data.Training.Sequences:N0} sequences of {stage.SequenceLength}, "
            + $"fill {data.Training.Fill:P1}{string.Concat(remarks)}";
        if (lines.Bad.Count > 0) yield return $"{stage.Name}: {lines.Bad.Count:N0} bad lines skipped: {string.Join("; ", lines.Bad.First)}";
    }

    /// <summary>From the count of lines: of held-out documents that were all dropped there is no manifest.</summary>
    private static long Dropped(IngestedDataset data)
    {
        var lines = data.Lines;
        return lines.Read + lines.Repeated - lines.Bad.Count - lines.LeftOut - data.Training.Totals.Documents - (data.Validation?.Totals.Documents ?? 0);
    }
}
