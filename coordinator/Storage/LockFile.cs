namespace MiniMind.Coordinator.Storage;

/// <summary>Files that are open to one process at a time; the operating system lets go of them when it dies.</summary>
internal static class LockFile
{
    private static readonly int AlreadyLocked = OperatingSystem.IsLinux() ? 11 : 35; // EWOULDBLOCK, of Linux and of the BSDs

    /// <summary>Opens a lock for as long as the result is not disposed.</summary>
    /// <exception cref="IOException">See <see cref="IsHeld"/>; or the file cannot be made.</exception>
    public static FileStream Open(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>The same; the file goes with the lock.</summary>
    public static FileStream OpenPassing(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);

    /// <summary>Keeps out who opens the lock, but not who watches it, too. The file must exist; it may lie where nothing can be written.</summary>
    /// <exception cref="IOException">See <see cref="IsHeld"/>; or the file cannot be read.</exception>
    public static FileStream Watch(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read);

    /// <summary>Whether a lock could not be opened because another process has it.</summary>
    public static bool IsHeld(IOException fault) => fault.HResult == AlreadyLocked || (OperatingSystem.IsWindows() && fault is not DirectoryNotFoundException);
}
