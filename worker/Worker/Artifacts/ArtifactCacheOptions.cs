namespace MiniMind.Worker.Artifacts;

/// <summary>Where and how much a worker caches.</summary>
public sealed record ArtifactCacheOptions
{
    /// <summary>Folder of the cache; made when missing. Several processes may share it.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// Bytes of artifacts to keep. Files in recent use are kept even above it, so a working set that is larger than this still works.
    /// Default 20 GiB.
    /// </summary>
    public long CapacityBytes { get; init; } = 20L << 30;

    /// <summary>Time after its last use during which a file is never evicted: readers open it within this time. Default 10 min.</summary>
    public TimeSpan KeepAfterUse { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Everything that is wrong with these options, one sentence each; empty when nothing is.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(Folder)) faults.Add($"{nameof(Folder)}: expected a folder, found nothing.");
        if (CapacityBytes <= 0) faults.Add($"{nameof(CapacityBytes)}: expected a positive number of bytes, found {CapacityBytes}.");
        if (KeepAfterUse < TimeSpan.Zero) faults.Add($"{nameof(KeepAfterUse)}: expected zero or more, found {KeepAfterUse}.");
        return faults;
    }
}
