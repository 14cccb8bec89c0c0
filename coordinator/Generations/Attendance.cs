using MiniMind.Protos;

namespace MiniMind.Coordinator.Generations;

/// <summary>One worker process in a stage: what it has said of itself, and when.</summary>
/// <param name="Incarnation">Of this process.</param>
/// <param name="Endpoint">Where peers reach it.</param>
/// <param name="Age">Order of arrival.</param>
internal sealed record Attendance(string Incarnation, string Endpoint, long Age)
{
    private static readonly TimeSpan FirstGap = TimeSpan.FromSeconds(1);

    public bool Prepared { get; set; }

    public bool Connected { get; set; }

    public bool Leaving { get; set; }

    public long Step { get; set; } = -1;

    public LaneTimes Times { get; } = new();

    public bool Stalled { get; set; }

    public long FailedCheckpoint { get; set; } = -1;

    /// <summary>The newest heartbeat that differs from the one before it.</summary>
    public Heartbeat? Beat { get; set; }

    public long BeatSince { get; set; }

    public long Heard { get; set; }

    /// <summary>The longest recent time between two words of it; what is longer ago counts less.</summary>
    public TimeSpan Gap { get; set; } = FirstGap;

    /// <summary>A member of an earlier coordinator's generation that has not been heard yet.</summary>
    public bool Awaited { get; set; }
}
