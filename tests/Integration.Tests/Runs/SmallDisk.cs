using System.Diagnostics;
using MiniMind.TestKit;

namespace MiniMind.Integration.Tests.Runs;

/// <summary>
/// A place that really fills up. Where this process may mount: a small tmpfs, filled by one file. Elsewhere: an ordinary folder, and
/// programs that the system allows only small files, so that a checkpoint's fit no more.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private const string Size = "16m";

    // In blocks of 512 or 1,024 bytes: below the size of the weights, above that of all logs. .NET's own mapping of code counts as a file.
    private const string SmallFilesOnly = "trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 150";

    private readonly bool _mounted;

    private SmallDisk(string folder, bool mounted) => (Folder, _mounted) = (folder, mounted);

    public string Folder { get; }

    /// <summary>The system's words for it.</summary>
    public string Complaint => _mounted ? "No space left on device" : "too large";

    private string Filler => Path.Combine(Folder, "filler");

    public static SmallDisk Make(string folder)
    {
        Directory.CreateDirectory(folder);
        return new SmallDisk(folder, Try("mount", "-t", "tmpfs", "-o", $"size={Size}", "minimind-test", folder));
    }

    /// <summary>Starts "minimind ARGUMENTS" so that a filled disk is full for it.</summary>
    public RunningProgram Start(string folder, string[] arguments) =>
        _mounted ? Programs.Start(folder, arguments) : Programs.StartLimited(SmallFilesOnly, folder, arguments);

    /// <summary>Leaves no byte free.</summary>
    public void Fill()
    {
        if (!_mounted) return;
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        while (TryWrite(file, block))
        {
            // Until it is refused.
        }
    }

    public void Free()
    {
        if (_mounted) File.Delete(Filler);
    }

    public void Dispose()
    {
        if (_mounted) Assert.True(Try("umount", Folder), $"{Folder} could not be unmounted");
    }

    private static bool TryWrite(FileStream file, byte[] block)
    {
        try
        {
            file.Write(block);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool Try(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
