namespace MiniMind.Coordinator.CommandLine;

/// <summary>What the shell is told.</summary>
public static class ExitCodes
{
    /// <summary>Done, or stopped on request (SIGTERM, "stop").</summary>
    public const int Success = 0;

    /// <summary>A fault of the system.</summary>
    public const int Fault = 1;

    /// <summary>Wrong input or wrong usage.</summary>
    public const int WrongInput = 2;

    /// <summary>Stopped by Ctrl-C.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended at once by a second SIGTERM.</summary>
    public const int Terminated = 143;
}
