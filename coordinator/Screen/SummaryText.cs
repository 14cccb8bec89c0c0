namespace MiniMind.Coordinator.Screen;

/// <summary>The table at the end of a run, and its sample questions, as cells and as lines of text.</summary>
internal static class SummaryText
{
    public static readonly IReadOnlyList<string> Columns =
        ["stage", "steps", "tokens", "loss first->last", "validation", "wall time", "exact match %"];

    /// <summary>One cell per column.</summary>
    public static string[] Cells(StageSummary stage) =>
    [
        stage.Stage,
        Figures.Count(stage.Steps),
        Figures.Count(stage.Tokens),
        stage.LastLoss is null ? Figures.None : $"{Figures.Loss(stage.FirstLoss)} -> {Figures.Loss(stage.LastLoss)}",
        Figures.Loss(stage.ValidationLoss),
        Figures.Time(stage.Wall),
        stage.ExactMatchAfter is null ? Figures.None : $"{Figures.Percent(stage.ExactMatchBefore)} -> {Figures.Percent(stage.ExactMatchAfter)}",
    ];

    /// <summary>Everything, columns padded with blanks.</summary>
    public static IEnumerable<string> Lines(RunSummary run)
    {
        var rows = run.Stages.Select(Cells).Prepend([.. Columns]).ToList();
        var widths = Enumerable.Range(0, Columns.Count).Select(column => rows.Max(row => row[column].Length)).ToList();
        foreach (var row in rows) yield return string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd();
        foreach (string line in Closing(run)) yield return line;
    }

    /// <summary>What follows the table: samples, total time, and what to do with the result.</summary>
    public static IEnumerable<string> Closing(RunSummary run)
    {
        foreach (var sample in run.Samples)
        {
            yield return "";
            yield return $"Q: {sample.Question}";
            yield return $"A: {sample.Answer}{(sample.Answer == sample.Expected ? "  (right)" : $"  (expected: {sample.Expected})")}";
        }

        yield return "";
        yield return $"done in {Figures.Time(run.Wall)}";
        if (run.Result is null) yield break;
        yield return $"result: {run.Result}";
        yield return $"talk to it: minimind chat --model {run.Result}";
    }
}
