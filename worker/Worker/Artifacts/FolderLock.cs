namespace MiniMind.Worker.Artifacts;

/// <summary>
/// A lock between processes that share a folder: an open file that nobody else may open. The system releases it when its
/// holder dies, however that happens.
/// </summary>
internal static class FolderLock
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the lock is free and takes it; disposing the result releases it.</summary>
    public static async Task<FileStream> TakeAsync(string path, TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryTake(path) is { } taken) return taken;
            await Task.Delay(Between, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock, or returns null when somebody holds it.</summary>
    public static FileStream? TryTake(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException held) when (held.GetType() == typeof(IOException) && IsHeld(held))
        {
            return null;
        }
    }

    // EWOULDBLOCK on Linux (11) and macOS (35), ERROR_SHARING_VIOLATION on Windows: any other error is a fault of the disk.
    private static bool IsHeld(IOException failure) => (failure.HResult & 0xffff) is 11 or 35 or 32;
}
