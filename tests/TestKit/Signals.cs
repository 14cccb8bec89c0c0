using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MiniMind.TestKit;

/// <summary>Signals with their numbers on Linux.</summary>
public enum Signal
{
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,

    /// <summary>Goes on where <see cref="Stop"/> held it.</summary>
    Continue = 18,

    /// <summary>Holds the process: it computes nothing and says nothing, but its connections stay open.</summary>
    Stop = 19,
}

/// <summary>Sends signals, and finds whom to send them to.</summary>
public static partial class Signals
{
    /// <summary>Sends a signal to one process.</summary>
    /// <exception cref="Win32Exception">There is no such process.</exception>
    public static void Send(int processId, Signal signal)
    {
        if (Kill(processId, (int)signal) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>The processes that a process has started and that still run, oldest first (Linux).</summary>
    public static IReadOnlyList<int> ChildrenOf(int processId)
    {
        var children = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && ParentOf(folder) == processId) children.Add(id);
        return [.. children.Order()];
    }

    /// <summary>Whether a process is there and has not ended (Linux).</summary>
    public static bool IsRunning(int processId) => ParentOf($"/proc/{processId}") is not null;

    /// <summary>Waits until a process has a child, which the system reports to nobody but its parent.</summary>
    public static async Task<int> NewChildAsync(int processId)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            if (ChildrenOf(processId) is [.., var newest]) return newest;
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, deadline.Token);
        }
    }

    /// <summary>Waits until a process that somebody else has started is gone.</summary>
    public static async Task GoneAsync(int processId)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (IsRunning(processId)) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
    }

    private static int? ParentOf(string folder)
    {
        try
        {
            // "id (name) state parent …"; the name may hold anything, parentheses included. A zombie no longer runs.
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : int.Parse(fields[1], CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
