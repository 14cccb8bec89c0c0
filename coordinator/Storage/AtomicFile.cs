namespace MiniMind.Coordinator.Storage;

/// <summary>Files that are there whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>How the names of files and links end that have not got their final name yet.</summary>
    public const string Temporary = ".tmp";

    /// <summary>
    /// Writes to a temporary file beside <paramref name="path"/>, flushes it to the disk and renames it; it would survive a power cut when this returns. A failure
    /// leaves what was at the path before, and no temporary file.
    /// </summary>
    public static async Task WriteAsync(string path, Func<Stream, Task> write, IDisk? disk = null, CancellationToken cancel = default)
    {
        disk ??= SystemDisk.Instance;
        disk.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string temporary = $"{path}.{Guid.NewGuid():N}{Temporary}";
        try
        {
            await using (var stream = disk.Create(temporary))
            {
                await write(stream);
                await stream.FlushAsync(cancel);
                disk.Flush(stream);
            }

            cancel.ThrowIfCancellationRequested();
            disk.Publish(temporary, path);
        }
        finally
        {
            disk.Delete(temporary);
        }
    }
}
