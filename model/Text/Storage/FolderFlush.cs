using System.Runtime.InteropServices;

namespace MiniMind.Text.Storage;

/// <summary>Forces the names in a folder to the disk: a file that was flushed is lost in a power cut while its name was not.</summary>
public static class FolderFlush
{
    // O_CLOEXEC; the number is Linux's own.
    private const int CloseOnExecute = 0x80000;
    private const int Interrupted = 4;      // EINTR
    private const int ReadOnly = 30;        // EROFS
    private const int Invalid = 22;         // EINVAL: a file system that has no such thing
    private const int Forbidden = 13;       // EACCES: a folder that may be written to, but not read

    /// <summary>What was made, renamed or deleted in a folder would survive a power cut when this returns. Windows offers nothing alike, and does nothing.</summary>
    /// <exception cref="IOException">The folder cannot be opened, or the disk fails.</exception>
    public static void ToDisk(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var handle = Try(() => Open(folder, OperatingSystem.IsLinux() ? CloseOnExecute : 0), folder);
        try
        {
            if (handle >= 0) Try(() => Flush(handle), folder);
        }
        finally
        {
            if (handle >= 0) _ = Close(handle);
        }
    }

    private static int Try(Func<int> call, string folder)
    {
        int result;
        while ((result = call()) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error is ReadOnly or Invalid or Forbidden) break;
            if (error != Interrupted) throw new IOException($"{folder}: the folder could not be flushed to the disk: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
        return result;
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Flush(int handle);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int handle);
}
