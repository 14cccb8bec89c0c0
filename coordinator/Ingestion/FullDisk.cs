namespace MiniMind.Coordinator.Ingestion;

/// <summary>Recognises a full disk, which .NET reports as an IOException like any other.</summary>
public static class FullDisk
{
    private const int NoSpaceLeftOnUnix = 28;
    private const int DiskFullOnWindows = unchecked((int)0x80070070);

    public static bool IsCause(IOException fault) => fault.HResult is NoSpaceLeftOnUnix or DiskFullOnWindows;

    public static IOException Explain(string folder, IOException cause) =>
        new($"{folder}: the disk is full. Free some space, or choose a folder on another disk. Nothing half-written was left.", cause);
}
