namespace MiniMind.Coordinator.Storage;

/// <summary>Tells a full disk from other faults of input and output.</summary>
public static class DiskFull
{
    private const int NoSpaceLinux = 28;      // ENOSPC
    private const int QuotaLinux = 122;       // EDQUOT
    private const int DiskFullWindows = unchecked((int)0x80070070);
    private const int HandleDiskFullWindows = unchecked((int)0x80070027);

    /// <summary>The full disk behind a fault, however it was carried here; null when there is none.</summary>
    public static Exception? Find(Exception fault)
    {
        for (var inner = fault; inner is not null; inner = inner.InnerException)
            if (IsCause(inner)) return inner;
        return null;
    }

    /// <summary>The message for people.</summary>
    /// <param name="full">What <see cref="Find"/> has found.</param>
    /// <param name="ofRun">A run is what it has ended: that can be resumed.</param>
    public static string Explain(Exception full, bool ofRun)
    {
        string message = full is DiskFullException ? full.Message : $"the disk is full: {full.Message.ReplaceLineEndings(" ").Trim()}; free some space";
        return ofRun ? $"{message}, then go on with --resume" : message;
    }

    public static bool IsCause(Exception fault) =>
        fault is IOException { HResult: NoSpaceLinux or QuotaLinux or DiskFullWindows or HandleDiskFullWindows };
}
