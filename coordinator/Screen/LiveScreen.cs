using Spectre.Console;

namespace MiniMind.Coordinator.Screen;

/// <summary>
/// A display in the terminal that redraws itself a few times a second: progress per stage, workers and their states. Messages scroll by above it.
/// Events only change what will be drawn next, so they cost a training run nothing.
/// </summary>
public sealed class LiveScreen : IRunScreen
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(250);

    private readonly IAnsiConsole _console;
    private readonly LiveView _view = new();
    private readonly Lock _gate = new();
    private readonly Queue<string> _messages = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _drawing;
    private RunSummary? _summary;

    /// <param name="console">A terminal.</param>
    /// <param name="time">Decides when the display is redrawn.</param>
    public LiveScreen(IAnsiConsole console, TimeProvider time)
    {
        _console = console;
        _drawing = Task.Run(() => DrawAsync(time));
    }

    public void DataRead(DataProgress data) => Change(() => _view.SetData(data));

    public void StageStarted(StageStart stage) => Change(() => _view.Add(stage));

    public void StepCommitted(StepProgress step) => Change(() => _view.Set(step));

    public void Validated(string stage, long step, double loss) => Change(() => _view.SetValidation(stage, loss));

    public void WorkerChanged(string worker, string state) => Change(() => _view.SetWorker(worker, state));

    public void GenerationStarted(long number, IReadOnlyList<string> members, string reason) => Change(() =>
    {
        _view.SetGeneration(number, members);
        _messages.Enqueue(FormattableString.Invariant($"generation {number}: {string.Join(", ", members)} ({reason})"));
    });

    public void CheckpointWritten(string stage, long step, string path) =>
        Message(FormattableString.Invariant($"{stage}: step {step}, checkpoint {path}"));

    public void Message(string text) => Change(() => _messages.Enqueue(text));

    public void StageEnded(StageSummary stage) => Change(() => _view.End(stage));

    /// <summary>The table is written when the display has ended, on disposal.</summary>
    public void RunEnded(RunSummary run) => Change(() => _summary = run);

    public async ValueTask DisposeAsync()
    {
        if (_end.IsCancellationRequested) return;
        await _end.CancelAsync();
        try
        {
            await _drawing;
            if (_summary is { } run) Print(run);
            _summary = null;
        }
        catch (IOException)
        {
            // The terminal is gone; metrics.jsonl has it all.
        }
        _end.Dispose();
    }

    private void Print(RunSummary run)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (string column in SummaryText.Columns) table.AddColumn(new TableColumn($"[bold]{column}[/]").NoWrap().PadLeft(0));
        foreach (var stage in run.Stages) table.AddRow([.. SummaryText.Cells(stage).Select(Markup.Escape)]);
        _console.Write(table);
        foreach (string line in SummaryText.Closing(run)) _console.WriteLine(line);
    }

    private Task DrawAsync(TimeProvider time) => _console.Live(Spectre.Console.Text.Empty).StartAsync(async display =>
    {
        using var timer = new PeriodicTimer(Refresh, time);
        bool more = true;
        while (more)
        {
            try
            {
                more = await timer.WaitForNextTickAsync(_end.Token);
            }
            catch (OperationCanceledException)
            {
                more = false;
            }

            Draw(display);
        }
    });

    private void Draw(LiveDisplayContext display)
    {
        lock (_gate)
        {
            // Written while the display is live, a line appears above it; filled up, because it overwrites the display's first line.
            while (_messages.TryDequeue(out string? message)) _console.Write(new Rows(Align.Left(new Markup(Markup.Escape(message)))));
            display.UpdateTarget(_view.Draw(_console.Profile.Width));
        }
    }

    private void Change(Action change)
    {
        lock (_gate) change();
    }
}
