using Spectre.Console;
using Spectre.Console.Rendering;

namespace MiniMind.Coordinator.Screen;

/// <summary>What the live display knows, and how it is drawn. Not safe for concurrent use: the display locks around it.</summary>
internal sealed class LiveView
{
    // What the other columns need; the bar takes what is left of the terminal's width.
    private const int OtherColumns = 66;
    private const int LeastBar = 4;
    private const int MostBar = 30;

    private readonly List<StageLine> _stages = [];
    private readonly SortedDictionary<string, string> _workers = new(StringComparer.Ordinal);
    private string _generation = "";
    private DataProgress? _data;

    private sealed class StageLine(StageStart start)
    {
        public StageStart Start { get; } = start;
        public StepProgress? Step { get; set; }
        public double? Validation { get; set; }
        public StageSummary? Ended { get; set; }
        public long Done => Step?.Step ?? Start.FirstStep;
    }

    /// <summary>Shown, instead of the stages, until all bytes are done.</summary>
    public void SetData(DataProgress data) => _data = data.BytesDone < data.BytesTotal ? data : null;

    public void Add(StageStart start)
    {
        _stages.RemoveAll(line => line.Start.Stage == start.Stage);
        _stages.Add(new StageLine(start));
    }

    public void Set(StepProgress step) => Change(step.Stage, line => line.Step = step);

    public void SetValidation(string stage, double loss) => Change(stage, line => line.Validation = loss);

    public void End(StageSummary stage) => Change(stage.Stage, line => line.Ended = stage);

    public void SetWorker(string name, string state) => _workers[name] = state;

    public void SetGeneration(long number, IReadOnlyList<string> members) =>
        _generation = FormattableString.Invariant($"generation {number}: {members.Count} {(members.Count == 1 ? "worker" : "workers")}");

    /// <param name="width">Columns of the terminal.</param>
    public IRenderable Draw(int width)
    {
        int bar = Math.Clamp(width - OtherColumns, LeastBar, MostBar);
        var rows = new List<IRenderable>();
        if (_data is { } data) rows.Add(DataLine(data, bar));
        if (_stages.Count > 0) rows.Add(StageTable(bar));
        if (_workers.Count > 0) rows.Add(WorkerLine());
        return new Rows(rows);
    }

    private static Markup DataLine(DataProgress data, int bar) => new($"{Markup.Escape(data.Name)} {Bar(data.Share, bar)} {Markup.Escape(data.ToString())}");

    private Table StageTable(int bar)
    {
        var table = new Table().Border(TableBorder.None);
        table.AddColumn(new TableColumn("stage").NoWrap());
        table.AddColumn(new TableColumn("progress").NoWrap());
        foreach (string column in (string[])["step", "loss", "valid", "lr", "tok/s", "left"]) table.AddColumn(new TableColumn(column).NoWrap().RightAligned());
        foreach (var line in _stages)
        {
            table.AddRow(
                Markup.Escape(line.Start.Stage),
                Bar(ShareOf(line), bar),
                line.Start.TotalSteps == 0 ? Figures.None : FormattableString.Invariant($"{line.Done}/{line.Start.TotalSteps}"),
                Figures.Loss(line.Step?.Loss),
                Figures.Loss(line.Validation),
                Figures.Rate(line.Step?.LearningRate),
                Figures.Count(line.Step?.TokensPerSecond),
                line.Ended is null ? Figures.Time(line.Step?.Left) : "✓ " + Figures.Time(line.Ended.Wall));
        }

        return table;
    }

    /// <summary>In columns: a narrow terminal parts workers from each other, not a worker from its state.</summary>
    private Columns WorkerLine()
    {
        var states = _workers.Select(worker => $"{Markup.Escape(worker.Key)} [{ColorOf(worker.Value)}]{Markup.Escape(worker.Value)}[/]");
        var items = states.Append($"[grey]{Markup.Escape(_generation)}[/]").Select(text => new Markup(text));
        return new Columns(items) { Expand = false, Padding = new Padding(0, 0, 2, 0) };
    }

    private static double ShareOf(StageLine line) => line.Ended is not null ? 1 : line.Start.TotalSteps == 0 ? 0 : (double)line.Done / line.Start.TotalSteps;

    private static string Bar(double share, int width)
    {
        int full = (int)(Math.Clamp(share, 0, 1) * width);
        return $"[green]{new string('━', full)}[/][grey]{new string('━', width - full)}[/]";
    }

    private static string ColorOf(string state) => state switch
    {
        "training" => "green",
        "gone" or "failed" or "refused" => "red",
        _ => "yellow",
    };

    private void Change(string stage, Action<StageLine> change)
    {
        if (_stages.Find(line => line.Start.Stage == stage) is { } found) change(found);
    }
}
