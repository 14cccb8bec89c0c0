using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MiniMind.Coordinator.Storage;

namespace MiniMind.Coordinator.Screen;

/// <summary>
/// Keeps a run's metrics.jsonl: one JSON object per line and event, appended and handed to the system at once, so that a killed process
/// loses nothing and a resumed one goes on in the same file, each step told once. "time" is UTC. When the disk is full, lines are dropped and <see cref="Broken"/> says why.
/// </summary>
public sealed class MetricsFile : IRunScreen
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly TimeProvider _time;
    private readonly FileStream _file;
    private readonly Lock _gate = new();
    private readonly string _path;
    private long _told;

    public MetricsFile(string path, TimeProvider time)
    {
        (_path, _time) = (path, time);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        LineFile.DropUnfinishedLine(path);
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 0);
    }

    /// <summary>Why lines are missing; null while none is.</summary>
    public IOException? Broken { get; private set; }

    /// <summary>Not kept: it changes nothing and says nothing about the run's result.</summary>
    public void DataRead(DataProgress data)
    {
    }

    public void StageStarted(StageStart stage)
    {
        _told = PastStages.NewestStep(_path, stage.Stage);
        Write("stage_started", stage);
    }

    public void StepCommitted(StepProgress step)
    {
        // What is computed or reported again after a resume may be here already.
        if (step.Step <= _told) return;
        _told = step.Step;
        Write("step", new
        {
            step.Stage,
            step.Step,
            step.Loss,
            step.LearningRate,
            step.GradientNorm,
            step.Tokens,
            step.TokensPerSecond,
            Skipped = step.Skipped ? true : (bool?)null,
        });
    }

    public void Validated(string stage, long step, double loss) => Write("validation", new { stage, step, loss });

    public void WorkerChanged(string worker, string state) => Write("worker", new { worker, state });

    public void GenerationStarted(long number, IReadOnlyList<string> members, string reason) => Write("generation", new { number, members, reason });

    public void CheckpointWritten(string stage, long step, string path) => Write("checkpoint", new { stage, step, path });

    public void Message(string text) => Write("message", new { text });

    public void StageEnded(StageSummary stage) => Write("stage_ended", SummaryOf(stage));

    public void RunEnded(RunSummary run) =>
        Write("run_ended", new { Stages = run.Stages.Select(SummaryOf), run.Samples, WallSeconds = run.Wall.TotalSeconds, run.Result });

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private static object SummaryOf(StageSummary stage) => new
    {
        stage.Stage,
        stage.Steps,
        stage.Tokens,
        stage.FirstLoss,
        stage.LastLoss,
        stage.ValidationLoss,
        WallSeconds = stage.Wall.TotalSeconds,
        stage.ExactMatchBefore,
        stage.ExactMatchAfter,
    };

    // The event's name and time go in front of its own fields; one write per line keeps lines whole.
    private void Write(string name, object fields)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = Format.Encoder }))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            json.WriteString("time", _time.GetUtcNow());
            foreach (var field in JsonSerializer.SerializeToElement(fields, fields.GetType(), Format).EnumerateObject()) field.WriteTo(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        lock (_gate)
        {
            try
            {
                _file.Write(line.GetBuffer(), 0, (int)line.Length);
            }
            catch (IOException fault) when (DiskFull.IsCause(fault))
            {
                Broken ??= fault;
            }
        }
    }
}
