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

    public static bool IsCause(Exception fault) =>
        fault is IOException { HResult: NoSpaceLinux or QuotaLinux or DiskFullWindows or HandleDiskFullWindows };
}
