namespace MiniMind.Simulation.PowerCuts;

/// <summary>The process that used the disk is no more: nothing that it does counts. No IOException, which somebody might answer.</summary>
internal sealed class DiskStoppedException() : Exception("the process that used the disk has died");
