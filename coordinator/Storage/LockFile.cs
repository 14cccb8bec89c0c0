namespace MiniMind.Coordinator.Storage;

/// <summary>Files that are open to one process at a time; the operating system lets go of them when it dies.</summary>
internal static class LockFile
{
    private const int AlreadyLocked = 11; // EWOULDBLOCK

    /// <summary>Opens a lock for as long as the result is not disposed.</summary>
    /// <exception cref="IOException">See <see cref="IsHeld"/>; or the file cannot be made.</exception>
    public static FileStream Open(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Whether a lock could not be opened because another process has it.</summary>
    public static bool IsHeld(IOException fault) => fault.HResult == AlreadyLocked || (OperatingSystem.IsWindows() && fault is not DirectoryNotFoundException);
}
