using MiniMind.Coordinator.Ingestion;
using MiniMind.Coordinator.Screen;

namespace MiniMind.Coordinator.Pipeline;

/// <summary>Follows one stage's data while it is hashed and encoded: pace and time left of each phase, for the screen.</summary>
internal sealed class DataProgressMeter(string stage, IRunScreen screen, TimeProvider time) : IProgress<IngestionProgress>
{
    private IngestionPhase? _phase;
    private long _start;

    public void Report(IngestionProgress value)
    {
        if (_phase != value.Phase) (_phase, _start) = (value.Phase, time.GetTimestamp());
        var seconds = time.GetElapsedTime(_start).TotalSeconds;
        var pace = seconds > 0 ? value.BytesDone / seconds : 0;
        TimeSpan? left = pace > 0 ? TimeSpan.FromSeconds((value.BytesTotal - value.BytesDone) / pace) : null;
        var doing = value.Phase switch
        {
            IngestionPhase.Hashing => "hashing",
            IngestionPhase.Waiting => "waiting for another process that is encoding the same data",
            _ => "encoding",
        };
        screen.DataRead(new DataProgress(stage, doing, value.BytesDone, value.BytesTotal, pace, left));
    }
}
