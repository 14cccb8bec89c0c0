using MiniMind.Coordinator.Grains;
using MiniMind.Coordinator.Storage;
using MiniMind.Text;

namespace MiniMind.Coordinator.CommandLine;

/// <summary>Turns what went wrong into one message and an exit code.</summary>
public static class ErrorReport
{
    /// <summary>
    /// Writes one message for a fault: wrong input as it is, a full disk in plain words, anything else as one line that says how to see more.
    /// Being cancelled writes nothing.
    /// </summary>
    /// <param name="fault">What ended the command.</param>
    /// <param name="error">Gets the message.</param>
    /// <param name="verbose">The stack trace follows.</param>
    /// <param name="ofRun">The command is "run", which can be resumed.</param>
    /// <returns>The exit code.</returns>
    public static int Write(Exception fault, TextWriter error, bool verbose, bool ofRun = false)
    {
        fault = Unwrap(fault);
        if (fault is OperationCanceledException) return ExitCodes.Interrupted;
        var (message, code) = Describe(fault, ofRun);
        bool unexplained = code == ExitCodes.Fault && fault is not RunFailedException && !DiskFull.IsCause(fault) && !verbose;
        error.WriteLine($"error: {message}{(unexplained ? " (use --verbose for details)" : "")}");
        if (verbose) error.WriteLine(fault);
        return code;
    }

    private static (string Message, int Code) Describe(Exception fault, bool ofRun) => fault switch
    {
        InputException => (fault.Message, ExitCodes.WrongInput),
        RunFailedException => (fault.Message, ExitCodes.Fault),
        _ when DiskFull.IsCause(fault) => (DiskFull.Explain(fault, ofRun), ExitCodes.Fault),
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
