namespace MiniMind.Worker.Training;

/// <summary>What a training worker is told when it starts.</summary>
public sealed record WorkerOptions
{
    /// <summary>Address of the coordinator, or of several, separated by commas: http://host:port.</summary>
    public required string Coordinator { get; init; }

    /// <summary>Run to take part in.</summary>
    public required string RunId { get; init; }

    /// <summary>Name, stable over restarts.</summary>
    public required string Name { get; init; }

    /// <summary>Address that peers are accepted on.</summary>
    public string Listen { get; init; } = "127.0.0.1";

    /// <summary>Port that peers are accepted on; 0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>Host name under which peers reach this worker; null: the listening address.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>Port under which peers reach this worker; 0: the one that it listens on.</summary>
    public int AdvertisedPort { get; init; }

    /// <summary>Folder for fetched artifacts; may be shared by workers of one machine.</summary>
    public required string Cache { get; init; }
}
