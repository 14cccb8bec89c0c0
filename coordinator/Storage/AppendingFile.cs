using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace MiniMind.Coordinator.Storage;

/// <summary>Files whose every write goes to their end, whoever else writes there. The runtime's own way writes to where the end was when it opened the file.</summary>
[SupportedOSPlatform("linux")]
internal static class AppendingFile
{
    // O_WRONLY, O_CREAT, O_APPEND, O_CLOEXEC; the numbers are Linux's own.
    private const int Flags = 0x1 | 0x40 | 0x400 | 0x80000;
    private const int Mode = 0b110_100_100; // rw-r--r--
    private const int NoSuchName = 2;       // ENOENT
    private const int Interrupted = 4;      // EINTR

    /// <summary>Opens a file, and makes it when it is missing.</summary>
    /// <exception cref="IOException">It cannot be opened or made.</exception>
    public static SafeFileHandle Open(string path)
    {
        int error;
        do
        {
            var handle = SystemOpen(path, Flags, Mode);
            error = Marshal.GetLastPInvokeError();
            if (!handle.IsInvalid) return handle;
            handle.Dispose();
        }
        while (error == Interrupted);
        var message = $"{path}: the file could not be opened to write at its end: {Marshal.GetPInvokeErrorMessage(error)}";
        throw error == NoSuchName ? new DirectoryNotFoundException(message) : new IOException(message, error);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern SafeFileHandle SystemOpen([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, int mode);
}
