using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MiniMind.Coordinator.Workers;

/// <summary>Asks processes to end, where the system knows such a thing.</summary>
internal static class Termination
{
    private const int Terminate = 15; // SIGTERM

    /// <summary>Sends SIGTERM; ends the process at once on Windows, which has none. Nothing happens when it has ended already.</summary>
    public static void Ask(Process process)
    {
        try
        {
            if (process.HasExited) return;
            if (OperatingSystem.IsWindows()) process.Kill(entireProcessTree: true);
            else _ = Send(process.Id, Terminate);
        }
        catch (InvalidOperationException)
        {
            // It ended between the caller's decision and now.
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send(int processId, int signal);
}
