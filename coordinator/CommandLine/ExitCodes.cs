namespace MiniMind.Coordinator.CommandLine;

/// <summary>What the shell is told.</summary>
public static class ExitCodes
{
    /// <summary>Done; of a run also: stopped on request (SIGTERM, "stop").</summary>
    public const int Success = 0;

    /// <summary>A fault of the system.</summary>
    public const int Fault = 1;

    /// <summary>Wrong input or wrong usage.</summary>
    public const int WrongInput = 2;

    /// <summary>Stopped by Ctrl-C.</summary>
    public const int Interrupted = 130;

    /// <summary>The terminal was closed before the work was done.</summary>
    public const int HungUp = 129;

    /// <summary>Ended by SIGTERM before the work was done; a run: at once, by a second one.</summary>
    public const int Terminated = 143;
}
