namespace MiniMind.Coordinator.Storage;

/// <summary>Tells a full disk from other faults of input and output.</summary>
public static class DiskFull
{
    private const int NoSpaceLinux = 28;      // ENOSPC
    private const int QuotaLinux = 122;       // EDQUOT
    private const int DiskFullWindows = unchecked((int)0x80070070);
    private const int HandleDiskFullWindows = unchecked((int)0x80070027);

    /// <summary>The message for people: which folder's disk it is, and what to do.</summary>
    public static IOException Explain(string folder, IOException cause) =>
        new($"{folder}: the disk is full. Free some space, or choose a folder on another disk. Nothing half-written was left.", cause);

    /// <summary>The full disk behind a fault, however it was carried here; null when there is none.</summary>
    public static Exception? Find(Exception fault)
    {
        for (var inner = fault; inner is not null; inner = inner.InnerException)
            if (IsCause(inner)) return inner;
        return null;
    }

    /// <summary>What a run says that a full disk has ended.</summary>
    public static string Describe(Exception cause) =>
        $"the disk is full: {cause.Message.ReplaceLineEndings(" ").Trim()}; free some space, then go on with --resume";

    public static bool IsCause(Exception fault) =>
        fault is IOException { HResult: NoSpaceLinux or QuotaLinux or DiskFullWindows or HandleDiskFullWindows };
}
