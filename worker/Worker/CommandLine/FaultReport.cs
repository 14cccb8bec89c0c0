using MiniMind.Text;

namespace MiniMind.Worker.CommandLine;

/// <summary>Turns what went wrong into one line and an exit code.</summary>
internal static class FaultReport
{
    private const int WrongInput = 2;
    private const int Fault = 1;

    /// <summary>
    /// Writes "error: ..." for a fault: wrong input and the system's refusals as they are, anything else with its kind and where to look. A stack
    /// trace never: whoever needs one has the log of a run.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static int Write(Exception fault, TextWriter error)
    {
        // A message that was meant for the user stays on top, however it was carried here.
        for (var inner = fault; inner is not null; inner = inner.InnerException)
        {
            if (inner is not InputException) continue;
            error.WriteLine($"error: {inner.Message}");
            return WrongInput;
        }

        error.WriteLine($"error: {Describe(fault)}");
        return Fault;
    }

    private static string Describe(Exception fault)
    {
        // libtorch appends where it happened, and its own stack trace, from the second line on.
        var lines = fault.Message.Trim().Split('\n');
        var message = lines[0].Trim();
        return fault switch
        {
            IOException or UnauthorizedAccessException => message,
            OutOfMemoryException => $"out of memory: {message} Use a smaller model, batch or number of new tokens",
            OperationCanceledException => "stopped before the end",
            System.Runtime.InteropServices.ExternalException => $"libtorch: {message}{Place(lines)}",
            _ => $"this program failed ({fault.GetType().Name}): {message}",
        };
    }

    /// <summary>The function and line that libtorch names: without it a message such as "Expected false to be true" says nothing.</summary>
    private static string Place(string[] lines) =>
        Array.Find(lines, line => line.StartsWith("Exception raised from ", StringComparison.Ordinal)) is { } place ? $" ({place.Split(" (most recent")[0].Trim()})" : "";
}
