using Orleans.Runtime;

namespace MiniMind.Coordinator.Cluster;

/// <summary>
/// The others have given this coordinator up, because it was stopped or cut off for seconds: one of them leads the run by now, so this process ends. Its workers do not.
/// </summary>
internal sealed class DeposedHandler(TextWriter error) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => exception is not (OperationCanceledException or ObjectDisposedException or OrleansException);

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        error.WriteLine("error: the other coordinators gave this one up, because it stood still or was cut off; its workers go on, and the same command takes its place again");
        if ((exception?.Message ?? context) is { } cause) error.WriteLine($"  ({cause.Split('\n')[0]})");
        error.Flush();
        // An orderly exit would end the workers.
        System.Diagnostics.Process.GetCurrentProcess().Kill();
    }
}
