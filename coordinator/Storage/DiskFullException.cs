namespace MiniMind.Coordinator.Storage;

/// <summary>A full disk, explained to people: the place, what is left there, and the fix. <see cref="DiskFull.IsCause"/> knows it as one.</summary>
public sealed class DiskFullException : IOException
{
    /// <param name="folder">On the full disk.</param>
    /// <param name="left">What is left there.</param>
    /// <param name="option">Names another folder.</param>
    /// <param name="cause">As the system reports it.</param>
    public DiskFullException(string folder, string left, string option, IOException cause)
        : base($"{folder}: the disk is full; {left}. Free some space, or choose a folder on another disk with {option}", cause) => HResult = cause.HResult;
}
