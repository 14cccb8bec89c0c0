using MiniMind.Coordinator.Pipeline;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>Turns what went wrong into one message and an exit code.</summary>
public static class ErrorReport
{
    /// <summary>
    /// Writes one message for a fault: wrong input as it is, a full disk in plain words, anything else as one line that says how to see more.
    /// With <paramref name="verbose"/> the stack trace follows. Being cancelled writes nothing.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static int Write(Exception fault, TextWriter error, bool verbose)
    {
        fault = Unwrap(fault);
        if (fault is OperationCanceledException) return ExitCodes.Interrupted;
        var (message, code) = Describe(fault);
        bool unexplained = code == ExitCodes.Fault && fault is not RunFailedException && !DiskFull.IsCause(fault) && !verbose;
        error.WriteLine($"error: {message}{(unexplained ? " (use --verbose for details)" : "")}");
        if (verbose) error.WriteLine(fault);
        return code;
    }

    private static (string Message, int Code) Describe(Exception fault) => fault switch
    {
        InputException => (fault.Message, ExitCodes.WrongInput),
        RunFailedException => (fault.Message, ExitCodes.Fault),
        _ when DiskFull.IsCause(fault) => (DiskFull.Describe(fault), ExitCodes.Fault),
        _ => ($"{fault.GetType().Name}: {OneLine(fault.Message)}", ExitCodes.Fault),
    };

    // A message that was meant for the user stays on top, however it was carried here.
    private static Exception Unwrap(Exception fault)
    {
        for (var inner = fault; inner is not null; inner = inner.InnerException)
            if (inner is InputException or RunFailedException || DiskFull.IsCause(inner)) return inner;
        return fault is AggregateException { InnerExceptions.Count: 1 } single ? single.InnerExceptions[0] : fault;
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}
