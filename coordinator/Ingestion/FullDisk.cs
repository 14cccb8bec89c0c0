namespace MiniMind.Coordinator.Ingestion;

/// <summary>Says which folder's disk is full.</summary>
internal static class FullDisk
{
    public static IOException Explain(string folder, IOException cause) =>
        new($"{folder}: the disk is full. Free some space, or choose a folder on another disk. Nothing half-written was left.", cause);
}
