using System.Runtime.InteropServices;
using MiniMind.Text.Storage;

namespace MiniMind.Coordinator.Storage;

/// <summary>The files of the operating system.</summary>
public sealed class SystemDisk : IDisk
{
    /// <summary>The only one that there is.</summary>
    public static readonly SystemDisk Instance = new();

    private const int Unbuffered = 0;

    private SystemDisk() { }

    public bool FileExists(string path) => File.Exists(path);

    public bool FolderExists(string path) => Directory.Exists(path);

    public long? SizeOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : null;

    // A link to a folder counts as a folder to the runtime.
    public IEnumerable<string> FilesIn(string folder) => [.. Directory.GetFiles(folder), .. Directory.GetDirectories(folder).Where(IsLink)];

    public IEnumerable<string> FoldersIn(string folder) => Directory.GetDirectories(folder).Where(path => !IsLink(path));

    public Stream OpenRead(string path) =>
        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Write | FileShare.Delete, Unbuffered, FileOptions.Asynchronous | FileOptions.SequentialScan);

    public Stream Create(string path) => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);

    public Stream Append(string path) =>
        OperatingSystem.IsLinux() ? new FileStream(AppendingFile.Open(path), FileAccess.Write, Unbuffered) : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);

    public void Flush(Stream file) => ((FileStream)file).Flush(flushToDisk: true);

    public void Truncate(string path, long length)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.SetLength(length);
        file.Flush(flushToDisk: true);
    }

    public void Rename(string from, string to)
    {
        if (IsLink(from)) RenameLink(from, to);
        else if (Directory.Exists(from)) Directory.Move(from, to);
        else File.Move(from, to, overwrite: true);
    }

    public void Delete(string path) => File.Delete(path);

    public void Link(string path, string target) => File.CreateSymbolicLink(path, target);

    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    public void DeleteFolder(string path) => Directory.Delete(path, recursive: true);

    public void FlushFolder(string path) => FolderFlush.ToDisk(path);

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    // File.Move and Directory.Move both follow a link to a folder; the system call replaces the link itself.
    private static void RenameLink(string from, string to)
    {
        if (!OperatingSystem.IsWindows() && SystemRename(from, to) == 0) return;
        if (Directory.Exists(to)) Directory.Delete(to);
        Directory.Move(from, to);
    }

    [DllImport("libc", EntryPoint = "rename")]
    private static extern int SystemRename([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
